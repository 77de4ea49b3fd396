import type { ListReport } from '../scan/verdict.ts';
import type { Log } from './log.ts';

/**
 * Has the log say of a list that it cannot be asked, or not all of it: when that begins, when it is for another reason,
 * and when it is over, not with every scan. The function is given the report of each list that a scan is through with.
 */
export function createTroubles(log: Log): (scanId: number, report: ListReport) => void {
  const troubled = new Map<string, string>();
  return (scan, { id: list, health, path, detail, asked, unknown }) => {
    if (health === 'retired') return;
    const before = troubled.get(list);
    if (unknown === 0 && (health === 'healthy' || health === 'unproven')) {
      if (troubled.delete(list)) log.info({ scan, list, health, before }, 'list answers again');
      return;
    }
    troubled.set(list, health);
    const fields = { scan, list, health, path, detail, asked, unknown };
    if (before === health) log.debug(fields, 'list still in trouble');
    else log.warn(fields, 'list in trouble');
  };
}
