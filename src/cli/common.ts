/** The options that every command has, as commander writes them. A `many` may be given more than once. */
export const COMMON: readonly { flags: string; says: string; many?: true }[] = [
  { flags: '--config <file>', says: 'configuration file' },
  { flags: '--catalogue <file>', says: 'adds or replaces lists; may be repeated', many: true },
  { flags: '--lists <spec>', says: 'ids and tags, comma-separated, or default, all' },
  { flags: '--resolver <which>', says: 'auto, direct, system or an address with an optional port' },
  { flags: '--timeout <ms>', says: 'deadline of a lookup' },
  { flags: '--format <format>', says: 'table, json, ndjson, csv, markdown, nagios' },
  { flags: '--quiet', says: 'what is not clean, and errors, only' },
  { flags: '--no-color', says: 'no colours (NO_COLOR in the environment does the same)' },
];

export const ALLOW_SPECIAL = {
  flags: '--allow-special',
  says: 'take private, loopback and documentation addresses too',
} as const;
