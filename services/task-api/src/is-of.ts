/** A condition: the row belongs to the owner in a parameter, or that parameter is null. */
export function isOf(parameter: string): string {
  return `(${parameter}::text IS NULL OR owner = ${parameter})`;
}
