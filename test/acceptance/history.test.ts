import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testDatabase } from '../database.ts';
import { type Desk, openDesk, printed } from '../desk.ts';
import { addressesOf, realLists, realZones } from './lists.ts';
import { acceptance } from './parts.ts';
import type { Printed } from './printed.ts';
import { type Rbldnsd, startRbldnsd } from './rbldnsd.ts';
import { startUnbound, type Unbound } from './unbound.ts';

type Change = { kind: string; target: string; list: string; before: string[]; after: string[] };

const reversed = (address: string): string => address.split('.').reverse().join('.');

describe.skipIf(!acceptance.run)(acceptance.named('recorded scans of real zones'), { timeout: 120_000 }, () => {
  let desk: Desk;
  let rbldnsd: Rbldnsd;
  let resolver: Unbound;
  beforeAll(async () => {
    acceptance.demandParts();
    desk = openDesk();
    rbldnsd = await startRbldnsd(realZones());
    resolver = await startUnbound(rbldnsd);
  });
  afterAll(async () => {
    await resolver?.stop();
    await rbldnsd?.stop();
    desk?.close();
  });

  /** The commands on one database of their own, asking rbldnsd itself or through unbound. */
  async function commands(how: 'servers' | 'resolver') {
    const lists = realLists(how === 'servers' ? [rbldnsd.address] : []);
    const config = desk.file(
      `${how}.json`,
      JSON.stringify({
        database: await testDatabase(),
        catalogue: desk.catalogue(lists),
        lists: lists.map(({ id }) => id),
        confirm: { listed: 1, delisted: 2, spacing: '0s' },
        ...(how === 'resolver' ? { resolver: resolver.address } : {}),
      }),
    );
    const give = (...words: string[]) => desk.run(...words, '--config', config);
    return {
      give,
      async track(...targets: string[]): Promise<void> {
        const ran = await give('targets', 'add', ...targets);
        expect(ran.err + ran.out, 'targets add').not.toMatch(/dnsblwatch:/);
        expect(ran.status).toBe(0);
      },
      async scan() {
        const said = printed<Printed & { changes: Change[] }>(await give('scan', '--format', 'json'));
        return { lists: said.lists, changes: said.changes.map(inWords) };
      },
      async changes(): Promise<string[]> {
        return printed<Change[]>(await give('history', '--changes', '--format', 'json')).map(inWords);
      },
    };
  }

  const inWords = ({ kind, target, list, before, after }: Change): string =>
    `${kind} ${target} ${list}: ${[before.join(' '), after.join(' ')].join(' -> ').trim()}`;

  test('listed, recoded and delisted are recorded as the zone data changes', async () => {
    const { track, scan, changes } = await commands('servers');
    // Not in any other zone, so that each change below is the only one.
    const [stays, goes] = ['192.5.6.40', '192.5.6.41'];
    const zone = 'bl.blocklist.de';
    const psbl = 'psbl.surriel.com';
    await track(stays, goes);
    expect((await scan()).changes).toEqual([]);

    await rbldnsd.change(zone, (data) => `${data}${stays}\n`, { name: reversed(stays), answer: '127.0.0.2' });
    await rbldnsd.change(psbl, (data) => `${data}${goes}\n`, { name: reversed(goes), answer: '127.0.0.2' });
    const listed = [`listed ${stays} lab-blocklist-de: -> 127.0.0.2`, `listed ${goes} lab-psbl: -> 127.0.0.2`];
    expect((await scan()).changes.sort()).toEqual(listed);

    await rbldnsd.change(zone, (data) => data.replace(`\n${stays}\n`, `\n${stays} :127.0.0.3:for another reason\n`), {
      name: reversed(stays),
      answer: '127.0.0.3',
    });
    const recoded = `recoded ${stays} lab-blocklist-de: 127.0.0.2 -> 127.0.0.3`;
    expect((await scan()).changes).toEqual([recoded]);

    await rbldnsd.change(psbl, (data) => data.replace(`\n${goes}\n`, '\n'), {
      name: reversed(goes),
      answer: 'NXDOMAIN',
    });
    expect((await scan()).changes, 'one clean is not believed').toEqual([]);
    const delisted = `delisted ${goes} lab-psbl: 127.0.0.2 ->`;
    expect((await scan()).changes).toEqual([delisted]);

    const all = await changes();
    expect(all.toSorted()).toEqual([...listed, recoded, delisted].toSorted());
  });

  test('a list that suddenly holds everybody, its controls in order, is quarantined and records nothing', async () => {
    const { track, scan, changes } = await commands('servers');
    const zone = 'ix.dnsbl.manitu.net';
    const targets = Array.from({ length: 30 }, (_, at) => `192.${10 + at}.6.77`);
    await track(...targets);
    const seen = { name: '77.6.10.192', answer: 'NXDOMAIN' };
    await rbldnsd.change(zone, () => ':127.0.0.2:nix\n127.0.0.2\n', seen);
    await scan();
    // The whole world again, but for what the controls ask: only the burst can tell.
    const world = ':127.0.0.2:nix\n0.0.0.0/0\n127.0.0.2\n!127.0.0.1\n!198.18.0.0/15\n';
    await rbldnsd.change(zone, () => world, { ...seen, answer: '127.0.0.2' });
    const { lists } = await scan();
    expect(lists.find(({ id }) => id === 'lab-nixspam')?.health).toBe('quarantined');
    expect((await changes()).filter((change) => change.includes('lab-nixspam'))).toEqual([]);
  });

  test('a delisting is seen through a cache too, once its TTL is over', async () => {
    const { track, scan, changes } = await commands('resolver');
    const [target = ''] = addressesOf('psbl.txt', 20, 1);
    await track(target);
    const { changes: first } = await scan();
    expect(first).toContain(`listed ${target} lab-psbl: -> 127.0.0.2`);
    await rbldnsd.change('psbl.surriel.com', (data) => data.replace(`\n${target}\n`, '\n'), {
      name: reversed(target),
      answer: 'NXDOMAIN',
    });
    await expect
      .poll(async () => (await scan()).changes, { timeout: 60_000 })
      .toContain(`delisted ${target} lab-psbl: 127.0.0.2 ->`);
    expect((await changes()).filter((change) => change.includes(`${target} lab-psbl`))).toHaveLength(2);
  });
});
