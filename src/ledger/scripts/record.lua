-- ARGV: event
tell(ARGV[1])
return 1
