interface SelectProps<Value extends string> {
  value: Value | '';
  /** The choices, in order, as people read them. */
  words: Record<Value, string>;
  /** The label of an empty first choice. */
  any?: string;
  onChange: (value: Value) => void;
  disabled?: boolean;
  /** What `Field` adds. */
  [attribute: string]: unknown;
}

export function Select<Value extends string>(props: SelectProps<Value>) {
  const { words, any, value, onChange, ...attributes } = props;
  return (
    <select
      {...attributes}
      class="form-select"
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value as Value)}
    >
      {any !== undefined && <option value="">{any}</option>}
      {Object.entries<string>(words).map(([choice, word]) => (
        <option key={choice} value={choice}>
          {word}
        </option>
      ))}
    </select>
  );
}
