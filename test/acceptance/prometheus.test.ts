import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Office, openOffice } from '../cli/serving.ts';
import { temporaryHome } from '../cli/world.ts';
import { testDatabase } from '../database.ts';
import { type LabServer, startLab } from '../lab/server.ts';
import { freePort, type Part, partsOf, startPart } from './parts.ts';

const { run, named, demandParts } = partsOf({ prometheus: 'prometheus' });
const RULES = fileURLToPath(new URL('../../deploy/prometheus/rules.yaml', import.meta.url));

describe.runIf(run)(named('the example alerts, in Prometheus'), () => {
  const { home: folder, remove } = temporaryHome();
  let lab: LabServer;
  let office: Office;
  let prometheus: Part;
  let url: string;

  beforeAll(async () => {
    demandParts();
    lab = await startLab(({ name }) =>
      name.startsWith('2.0.0.127.') || name === '7.2.0.192.spam.test' ? { a: ['127.0.0.2'] } : { nxdomain: true },
    );
    office = openOffice(await testDatabase(), [
      {
        ...{ id: 'spam', name: 'Spam List', zone: 'spam.test', accepts: ['ipv4'], servers: [lab.address] },
        control: { listed: '127.0.0.2', notListed: '127.0.0.1' },
      },
    ]);
    office.configure({
      serve: { listen: '127.0.0.1:0' },
      targets: [{ target: '192.0.2.7', allowSpecial: true }],
    });
    const serving = office.service('serve');
    const { pages } = await serving.seen('serving');
    await serving.seen('scan done');
    url = `http://127.0.0.1:${await freePort()}`;
    mkdirSync(path.join(folder, 'data'));
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [RULES],
      scrape_configs: [{ job_name: 'dnsblwatch', static_configs: [{ targets: [new URL(String(pages)).host] }] }],
    };
    writeFileSync(path.join(folder, 'prometheus.yml'), JSON.stringify(config));
    prometheus = await startPart(
      'prometheus',
      [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=${new URL(url).host}`,
      ],
      async () => (await ask('/-/ready')) !== null,
    );
  });
  afterAll(async () => {
    await prometheus?.stop();
    await office?.close();
    await lab?.close();
    remove();
  });

  async function ask(what: string): Promise<string | null> {
    const response = await fetch(`${url}${what}`).catch(() => null);
    return response?.ok === true ? await response.text() : null;
  }

  type Alert = { state: string; labels: Record<string, string>; annotations: Record<string, string> };

  test('a listing fires, with the list in it, and nothing else does', async () => {
    let alerts: Alert[] = [];
    await expect
      .poll(
        async () => {
          alerts = JSON.parse((await ask('/api/v1/alerts')) ?? '{}').data?.alerts ?? [];
          return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname);
        },
        { timeout: 20_000 },
      )
      .toEqual(['DnsblwatchListed']);
    expect(alerts).toMatchObject([{ labels: { list: 'spam' }, annotations: { summary: '1 listed on spam' } }]);
  });

  test('Prometheus took every metric, and none twice', async () => {
    const targets = JSON.parse((await ask('/api/v1/targets')) ?? '{}').data.activeTargets;
    expect(targets).toMatchObject([{ health: 'up', lastError: '' }]);
  });
});
