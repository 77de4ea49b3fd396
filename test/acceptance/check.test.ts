import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Desk, openDesk, printed } from '../desk.ts';
import { addressesOf, realLists, realZones } from './lists.ts';
import { acceptance } from './parts.ts';
import { notable, type Printed } from './printed.ts';
import { type Rbldnsd, startRbldnsd } from './rbldnsd.ts';
import { startUnbound, type Unbound } from './unbound.ts';

const NIXSPAM = 'lab-nixspam';
const names = (target: string, ...lists: string[]): string[] =>
  [...lists.map((list) => `${target} ${list}`), `${target} ${NIXSPAM}: unknown list-wildcard`].sort();
const reversed = (address: string): string => address.split('.').reverse().join('.');

describe.skipIf(!acceptance.run)(acceptance.named('check, against real zones'), { timeout: 120_000 }, () => {
  let desk: Desk;
  let rbldnsd: Rbldnsd;
  let resolver: Unbound;
  let refusing: Unbound;
  beforeAll(async () => {
    acceptance.demandParts();
    desk = openDesk();
    rbldnsd = await startRbldnsd(realZones());
    [resolver, refusing] = await Promise.all([startUnbound(rbldnsd), startUnbound(rbldnsd, 'refuse')]);
  });
  afterAll(async () => {
    await Promise.all([resolver?.stop(), refusing?.stop()]);
    await rbldnsd?.stop();
    desk?.close();
  });

  const ids = (): string =>
    realLists()
      .map(({ id }) => id)
      .join(',');
  const direct = (...targets: string[]) =>
    desk.run(
      ...['check', ...targets, '--catalogue', desk.catalogue(realLists([rbldnsd.address]))],
      ...['--lists', ids(), '--format', 'json'],
    );
  const through = (server: Unbound, ...targets: string[]) =>
    desk.run(
      ...['check', ...targets, '--catalogue', desk.catalogue(realLists()), '--resolver', server.address],
      ...['--lists', ids(), '--timeout', '1000', '--format', 'json'],
    );

  test('addresses that a zone holds are listed, with its text; nothing else is', async () => {
    const [psbl = '', mail = ''] = [...addressesOf('psbl.txt', 5, 1), ...addressesOf('blocklist_de_mail.ipset', 7, 1)];
    const ran = await direct(psbl, mail, '1.1.138.2', '1.10.16.5', '192.5.6.30');
    const said = printed<Printed>(ran);
    const listed = said.results.filter(({ verdict }) => verdict === 'listed');
    const on = (target: string): string[] => listed.filter((one) => one.target === target).map(({ list }) => list);
    expect(on(psbl)).toContain('lab-psbl');
    expect(on(mail)).toContain('lab-blocklist-de');
    expect(on('1.1.138.2')).toContain('lab-uceprotect-1');
    expect(on('1.10.16.5')).toContain('lab-drop');
    expect(on('192.5.6.30')).toEqual([]);
    const uceprotect = listed.find(({ target, list }) => target === '1.1.138.2' && list === 'lab-uceprotect-1');
    expect(uceprotect).toMatchObject({ codes: ['127.0.0.2'], proven: true, path: 'servers' });
    expect(uceprotect?.reason).toContain('IP 1.1.138.2 is UCEPROTECT-Level 1 listed');
    expect(ran.status).toBe(2);
  });

  test('a list that holds the whole world says nothing about anybody', async () => {
    const ran = await direct('192.5.6.30');
    const said = printed<Printed>(ran);
    expect(notable(said)).toEqual(names('192.5.6.30'));
    expect(said.lists.find(({ id }) => id === NIXSPAM)?.health).toBe('wildcard');
    // One of eight lists is more than a tenth.
    expect(ran.status).toBe(3);
  });

  test('an entry that the operator takes out of a network is clean', async () => {
    expect(notable(printed<Printed>(await direct('1.23.206.170')))).toEqual(
      names('1.23.206.170', 'lab-whitelisted: listed'),
    );
  });

  test('being on an allow list is no listing and does not count for the exit status', async () => {
    const ran = await desk.run(
      ...['check', '1.23.206.170', '--catalogue', desk.catalogue(realLists([rbldnsd.address]))],
      ...['--lists', 'lab-whitelisted,lab-psbl', '--format', 'json'],
    );
    const said = printed<Printed>(ran);
    expect(said.summary).toMatchObject({ listed: 0, other: 1 });
    expect(ran.status).toBe(0);
  });

  test('a damaged line costs its own entry and no other', async () => {
    const said = printed<Printed>(await direct('167.99.225.143', '168.119.41.22'));
    const backscatterer = said.results.filter(({ list }) => list === 'lab-backscatterer');
    expect(backscatterer.map(({ verdict, proven }) => [verdict, proven])).toEqual([
      ['listed', true],
      ['listed', true],
    ]);
  });

  test('a resolver in between changes no verdict', async () => {
    const targets = ['1.1.138.2', '1.10.16.5', '1.23.206.170', '192.5.6.30'];
    const [straight, resolved] = await Promise.all([direct(...targets), through(resolver, ...targets)]);
    expect(notable(printed<Printed>(resolved))).toEqual(notable(printed<Printed>(straight)));
    expect(printed<Printed>(resolved).results.every(({ path }) => path === 'host' || path === null)).toBe(true);
  });

  test('a resolver that refuses makes everything unknown, nothing clean or listed', async () => {
    const ran = await through(refusing, '1.1.138.2', '192.5.6.30');
    const said = printed<Printed>(ran);
    expect(new Set(said.results.map(({ verdict }) => verdict))).toEqual(new Set(['unknown']));
    expect(new Set(said.lists.map(({ health }) => health))).toEqual(new Set(['refused']));
    expect(ran.status).toBe(3);
  });

  test('a change of the zone data is seen at once, and through the cache when its TTL is over', async () => {
    const zone = 'psbl.surriel.com';
    const target = '192.5.6.31';
    const seen = { name: reversed(target), answer: '127.0.0.2' };
    const verdictOn = async (ran: ReturnType<typeof direct>): Promise<string | undefined> =>
      printed<Printed>(await ran).results.find(({ list }) => list === 'lab-psbl')?.verdict;

    expect(await verdictOn(direct(target))).toBe('clean');
    await rbldnsd.change(zone, (data) => `${data}${target}\n`, seen);
    expect(await verdictOn(direct(target))).toBe('listed');
    await expect.poll(() => verdictOn(through(resolver, target)), { timeout: 40_000 }).toBe('listed');
    await rbldnsd.change(zone, (data) => data.replace(`\n${target}\n`, '\n'), { ...seen, answer: 'NXDOMAIN' });
    expect(await verdictOn(direct(target))).toBe('clean');
    await expect.poll(() => verdictOn(through(resolver, target)), { timeout: 40_000 }).toBe('clean');
  });

  test('a list without its test entry proves no clean', async () => {
    const zone = 'bl.blocklist.de';
    const seen = { name: '2.0.0.127', answer: 'NXDOMAIN' };
    await rbldnsd.change(zone, (data) => data.replaceAll('\n127.0.0.2\n', '\n'), seen);
    const said = printed<Printed>(await direct('192.5.6.30', ...addressesOf('blocklist_de_mail.ipset', 7, 1)));
    await rbldnsd.change(zone, (data) => `${data}\n127.0.0.2\n`, { ...seen, answer: '127.0.0.2' });
    expect(said.lists.find(({ id }) => id === 'lab-blocklist-de')?.health).toBe('empty');
    const verdicts = said.results.filter(({ list }) => list === 'lab-blocklist-de');
    expect(verdicts.map(({ verdict, why }) => [verdict, why])).toEqual([
      ['unknown', 'list-empty'],
      ['listed', null],
    ]);
  });
});
