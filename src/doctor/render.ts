import type { List } from '../catalogue/list.ts';
import type { Paint } from '../output/colour.ts';
import { columns } from '../output/columns.ts';
import type { Finding } from './finding.ts';
import { isGood, type PathTest } from './paths.ts';

/** The lists' paths as a table; what is in order; last, where the eye rests, what is to be mended. */
export function renderDoctor(
  findings: readonly Finding[],
  lists: readonly List[],
  tests: readonly PathTest[],
  { paint, quiet }: { paint: Paint; quiet: boolean },
): string {
  const problems = findings.filter(({ state }) => state === 'problem');
  const others = findings.filter(({ state }) => state !== 'problem');
  const parts = [
    ...(quiet ? [] : [pathTable(lists, tests, paint), columns(others.map((finding) => row(finding, paint)))]),
    problems.map((finding) => `${row(finding, paint).join('  ')}\n  fix: ${finding.fix ?? ''}\n`).join(''),
    ...(quiet ? [] : [closing(problems.length)]),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function row({ state, about, line }: Finding, paint: Paint): string[] {
  const painted = state === 'problem' ? paint.warn(state) : state === 'ok' ? paint.good(state) : paint.dim(state);
  return [painted, about, line];
}

function closing(problems: number): string {
  if (problems === 0) return 'No problem found.\n';
  return problems === 1 ? '1 problem.\n' : `${problems} problems.\n`;
}

/** A row for each list: its paths with their health, and how the controls answered on the one that works. */
function pathTable(lists: readonly List[], tests: readonly PathTest[], paint: Paint): string {
  if (lists.length === 0) return '';
  const rows = lists.map((list) => {
    const own = tests.filter((test) => test.list === list.id);
    const paths = own.map(({ path, health }) => {
      const text = `${path} ${health}`;
      if (isGood(health)) return paint.good(text);
      return health === 'not-asked' ? paint.dim(text) : paint.warn(text);
    });
    const telling = own.find(({ health }) => isGood(health)) ?? own.findLast(({ controls }) => controls.length > 0);
    return [list.id, paths.join(', '), telling === undefined ? '' : controlsOf(telling)];
  });
  return columns([['LIST', 'PATHS', 'CONTROLS'], ...rows]);
}

/**
 * Each control's answer once, though those that close a batch are asked again: `listed 127.0.0.2, random absent`; or
 * the one answer of all, where there is no telling them apart.
 */
export function controlsOf({ controls }: PathTest): string {
  const answers = new Set(controls.map(({ answered }) => answered));
  if (answers.size === 1) return `all ${controls[0]?.answered}`;
  return [...new Set(controls.map(({ role, answered }) => `${role} ${answered}`))].join(', ');
}
