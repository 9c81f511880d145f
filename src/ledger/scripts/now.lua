-- RETURNS: the time of the node that holds the ledger, ms
return timeMs()
