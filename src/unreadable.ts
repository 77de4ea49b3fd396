const WHYS: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'no permission to read it',
};

/** Why a file could not be read, for people: `error` is what reading it threw. */
export function whyUnreadable(error: unknown): string {
  const { code = String(error) } = error as NodeJS.ErrnoException;
  return WHYS[code] ?? `it cannot be read (${code})`;
}
