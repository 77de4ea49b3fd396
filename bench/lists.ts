import { parentPort, workerData } from 'node:worker_threads';
import { startSimulatedLists } from '../src/demo/lists.ts';

/** A thread that serves simulated lists, as many as it is told, and says where they are. */
const lists = Array.from({ length: Number(workerData) }, (_, at) => ({
  id: `bench-${at}`,
  zone: `bl${at}.bench.example`,
  accepts: ['ipv4' as const],
  control: { ipv4: { listed: '127.0.0.2', notListed: '127.0.0.1' } },
}));
const { definitions } = await startSimulatedLists(lists);
parentPort?.postMessage(definitions);
