import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withoutPassword } from '../../src/db/failure.ts';
import { testDatabase } from '../database.ts';
import { command, temporaryHome } from './world.ts';

const { home, remove } = temporaryHome();
const config = path.join(home, 'config.yaml');
let database = '';
beforeAll(async () => {
  database = await testDatabase();
  writeFileSync(config, '{}');
});
afterAll(remove);

const MOMENT = 'expected a time such as 2026-11-24T07:00Z, a day, or 24h for so long ago';
const LISTS = 'no list and no tag of this name; expected default, all, an id or a tag';
const LIST = 'expected the id or zone of a list; dnsblwatch lists shows them';
const PRIVATE =
  'target "10.0.0.1": it lies in 10.0.0.0/8 (private, RFC 1918), which no public list can hold; expected the public address that other mail servers see (--allow-special asks all the same)';
const NO_CHANNELS = `no channels in ${config}: expected channels: { NAME: { type: email, to: … } }; dnsblwatch config schema describes them`;
const ALL = 'table, json, ndjson, csv, markdown, nagios';

/** Every way to call a command wrongly that it has, and what is said of it; DB is the database. */
const MISTAKES: [line: string, message: string][] = [
  ['check', "missing required argument 'target'"],
  ['check --fast 1.2.3.4', "unknown option '--fast'"],
  ['check 1.2.3.4 --lists', "option '--lists <spec>' argument missing"],
  ['check 10.0.0.1', PRIVATE],
  ['check -', 'no target given: expected addresses, prefixes or domains'],
  ['check 1.2.3.4 --timeout 5s', '--timeout "5s": expected milliseconds from 1 to 600000'],
  ['check 1.2.3.4 --timeout 0', '--timeout "0": expected milliseconds from 1 to 600000'],
  ['check 1.2.3.4 --format xml', `--format "xml": expected ${ALL}`],
  ['check 1.2.3.4 --lists nosuch', `lists "nosuch": ${LISTS} (similar: nosolicitado)`],
  [
    'check 1.2.3.4 --resolver near',
    'resolver "near": expected auto, direct, system or an address with an optional port, such as 192.0.2.53:5300',
  ],
  ['check 1.2.3.4 --config none', 'configuration none: there is no such file'],
  [
    'check 1.2.3.4 --catalogue none',
    'catalogue none: there is no such file; expected a catalogue file in YAML or JSON',
  ],
  ['check 1.2.3.4 --database x', "unknown option '--database'"],
  ['targets nosuch', "unknown command 'nosuch'"],
  ['targets add', "missing required argument 'target'"],
  ['targets add 10.0.0.1', PRIVATE],
  ['targets add 1.2.3.4 --tag "a b"', 'tag "a b": expected up to 64 letters, digits and ". _ : / -"'],
  ['targets remove 9.9.9.9', 'none of these is tracked in DB: 9.9.9.9'],
  ['targets list all', "too many arguments for 'list'. Expected 0 arguments but got 1: all."],
  ['targets list --format nagios', '--format "nagios": expected table, json, ndjson, csv'],
  ['targets import none', 'none: there is no such file; expected a file with one target a line, or CSV'],
  ['targets discover 1.2.3.4', 'targets discover "1.2.3.4": expected a domain'],
  ['scan', 'no targets in DB: dnsblwatch targets add ADDRESS …'],
  ['scan 1.2.3.4', '1.2.3.4 is not tracked in DB: dnsblwatch targets add 1.2.3.4, or use dnsblwatch check'],
  ['scan --tag nosuch', 'no target tagged nosuch in DB'],
  ['scan --format xml', `--format "xml": expected ${ALL}`],
  ['scans list --limit 0', '--limit "0": expected a number from 1 to 10000'],
  ['scans list --format csv', '--format "csv": expected table, json, ndjson'],
  ['history --at yesterday', `--at "yesterday": ${MOMENT}`],
  ['history --since 2026-02-30', `--since "2026-02-30": ${MOMENT}`],
  ['history --since 1d --until 2d', '--since "1d" --until "2d": expected the earlier time first'],
  ['history --at 1h --since 2h', '--at is one moment: expected it without --since'],
  ['history --at 1h --open --changes', '--at is one moment: expected it without --open, --changes'],
  ['history --at 2199-01-01', '--at "2199-01-01": expected a time that is over'],
  ['history --evidence', '--evidence belongs to changes: expected --changes --evidence'],
  ['history --format nagios', '--format "nagios": expected table, json, ndjson, csv, markdown'],
  ['delist', "missing required argument 'target'"],
  ['delist 1.2.3.0/24', '"1.2.3.0/24": expected one address or domain; each listing is left on its own'],
  ['delist 1.2.3.4 nosuch', `"nosuch": ${LIST}`],
  ['delist 1.2.3.4 --format csv', '--format "csv": expected table, json'],
  ['delist requested 1.2.3.4', "missing required argument 'list'"],
  ['delist requested 1.2.3.4 nosuch', `"nosuch": ${LIST}`],
  ['delist requested 1.2.3.4 psbl', '1.2.3.4 on psbl: no open listing is recorded; `history 1.2.3.4` shows what is'],
  ['delist withdrawn 1.2.3.4 psbl', '1.2.3.4 on psbl: no open listing is recorded; `history 1.2.3.4` shows what is'],
  ['audit', "missing required argument 'target'"],
  ['audit 10.0.0.1', PRIVATE],
  ['audit 1.2.3.0/24', 'audit "1.2.3.0/24": expected single addresses and domains; a whole network is no mail server'],
  ['audit a.example --port 25', '--port "25": expected PORT=OTHER, such as 25=2525'],
  ['audit a.example --patience soon', '--patience "soon": expected milliseconds from 1 to 600000'],
  ['audit a.example --message none', '--message none: there is no such file'],
  ['audit a.example --ca none', '--ca none: there is no such file'],
  [
    'audit a.example --dkim-selector "a b"',
    '--dkim-selector "a b": expected a selector such as mail, or mail._domainkey.example.org',
  ],
  ['audit a.example --open-relay', '--open-relay: expected addresses, of servers of your own, beside the domain'],
  [
    'audit 1.2.3.4 --open-relay --no-connect',
    '--open-relay --no-connect: a relay is tried over a connection; expected one of the two',
  ],
  ['explain', "missing required argument 'reply'"],
  ['explain ""', 'explain: expected the text of a reply, or - for standard input'],
  ['explain x --format csv', '--format "csv": expected table, json'],
  ['lists nosuch', `lists "nosuch": ${LISTS} (similar: nosolicitado)`],
  ['lists --format nagios', '--format "nagios": expected table, json, ndjson, csv'],
  ['lists test nosuch', `lists "nosuch": ${LISTS} (similar: nosolicitado)`],
  ['doctor all', "too many arguments for 'doctor'. Expected 0 arguments but got 1: all."],
  ['doctor --format csv', '--format "csv": expected table, json'],
  ['digest --period week', '--period "week": expected a duration such as 24h or 30d'],
  ['digest --period 0s', '--period "0s": expected a duration such as 24h or 30d'],
  ['digest --language de', '--language "de": expected en or zh-CN'],
  ['digest --time-zone Mars', '--time-zone "Mars": expected a time zone such as Europe/Berlin'],
  ['digest --format csv', '--format "csv": expected table, html, markdown, json'],
  ['digest --send', NO_CHANNELS],
  [
    'digest --send --tag a --language en',
    'digest --send --tag --language: every channel has its own, by its routes and its settings; expected --send without',
  ],
  ['notify test', "missing required argument 'channel'"],
  ['notify test ops', NO_CHANNELS],
  ['notify send', NO_CHANNELS],
  ['notify drill', NO_CHANNELS],
  ['notify retry first', 'notify retry "first": expected a number of dnsblwatch notify list'],
  ['notify list --format csv', '--format "csv": expected table, json'],
  ['mute', "missing required argument 'what'"],
  ['mute nosuch', '"nosuch": expected a target, or the id of a list, as dnsblwatch lists shows it'],
  ['mute 1.2.3.4 1.2.3.5', '1.2.3.4 1.2.3.5: expected one target, one list, or one of each'],
  ['mute psbl spamcop', 'psbl spamcop: expected one target, one list, or one of each'],
  ['mute psbl --until 2020-01-01', '--until "2020-01-01": expected a time to come, a duration such as 7d, or delisted'],
  ['mute psbl --until delisted', 'mute --until delisted: expected one target and the list that it is on'],
  ['mute list --format csv', '--format "csv": expected table, json'],
  ['unmute psbl', 'unmute psbl: not muted; dnsblwatch mute list shows what is'],
  ['unmute 99', 'unmute 99: not muted; dnsblwatch mute list shows what is'],
  ['serve now', "too many arguments for 'serve'. Expected 0 arguments but got 1: now."],
  ['serve --log xml', '--log "xml": expected json or pretty'],
  ['worker --log xml', '--log "xml": expected json or pretty'],
  ['demo --fast', "unknown option '--fast'"],
  ['db nosuch', "unknown command 'nosuch'"],
  ['db import', "missing required argument 'file'"],
  ['db import none', 'none: no such file or folder'],
  ['db export /nosuch/x', '/nosuch/x: no such file or folder'],
  ['config nosuch', "unknown command 'nosuch'"],
  ['config schema nosuch', 'config schema "nosuch": expected config, catalogue, output, history'],
  ['config check --config none', 'configuration none: there is no such file'],
  ['nosuch', "unknown command 'nosuch'"],
];

const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, text, word]) => text ?? word ?? '');

test.each(MISTAKES)('%s is refused with status 3 and one sentence', async (line, message) => {
  const env = { HOME: home, DNSBLWATCH_DATABASE: database, DNSBLWATCH_CONFIG: config };
  const { status, out, err } = await command(wordsOf(line), { env });
  expect({ status, out }, err).toEqual({ status: 3, out: '' });
  expect(err).toContain(message.replace('DB', withoutPassword(database)));
});
