import { expect, test } from 'vitest';
import { secureLookup } from '../../src/dns/secure.ts';
import { startLab } from '../lab/server.ts';

const CHECKED = { checkingDisabled: false };

test('a signal that is aborted already is heard', async () => {
  const silent = await startLab(() => ({ silence: true }));
  const lookup = secureLookup(silent.address, { deadline: 60_000, signal: AbortSignal.abort(new Error('enough')) });
  await expect(lookup('example.org', 'SOA', CHECKED)).rejects.toThrow('enough');
  await silent.close();
});
test('the same question is asked once, its unchecked form apart', async () => {
  const asked: string[] = [];
  const lab = await startLab((question) => {
    asked.push(`${question.type} ${question.name}`);
    return { servfail: true, ra: true };
  });
  const lookup = secureLookup(lab.address, { deadline: 2000, signal: new AbortController().signal });
  await Promise.all([lookup('example.org', 'SOA', CHECKED), lookup('EXAMPLE.org', 'SOA', CHECKED)]);
  await lookup('example.org', 'SOA', { checkingDisabled: true });
  expect(asked).toEqual(['SOA example.org', 'SOA example.org']);
  await lab.close();
});
