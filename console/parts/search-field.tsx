import { useSignal } from '@preact/signals';

interface SearchField {
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  /** With Enter, or when one goes elsewhere. */
  readonly onCommit: (text: string) => void;
}

/** What is being typed is nobody's but the typist's: the page may be drawn anew meanwhile, with the value of before. */
export function SearchField({ name, label, hint, value, onCommit }: SearchField) {
  const typed = useSignal<string | undefined>(undefined);
  return (
    <label>
      {label}
      <input
        type="search"
        name={name}
        placeholder={hint}
        value={typed.value ?? value}
        onInput={(event) => (typed.value = event.currentTarget.value)}
        onChange={(event) => onCommit(event.currentTarget.value.trim())}
        onBlur={() => (typed.value = undefined)}
      />
    </label>
  );
}
