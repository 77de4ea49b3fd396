/** One thing looked at. `problem`: something cannot be done until it is mended; `note`: worth knowing, nothing to do. */
export type Finding = {
  about: 'resolver' | 'port-53' | 'reverse-name' | 'lists' | 'bulk' | 'clock' | 'database';
  state: 'ok' | 'note' | 'problem';
  line: string;
  /** The one thing to do; of problems only. */
  fix: string | null;
};

export const ok = (about: Finding['about'], line: string): Finding => ({ about, state: 'ok', line, fix: null });

export const note = (about: Finding['about'], line: string): Finding => ({ about, state: 'note', line, fix: null });

export const problem = (about: Finding['about'], line: string, fix: string): Finding => ({
  about,
  state: 'problem',
  line,
  fix,
});
