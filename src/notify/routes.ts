import type { Impact, Severity } from '../catalogue/list.ts';

/** A way to channels: what it lets through. `tags`: targets with any of them; null: everything, lists and ourselves too. */
export type Route = { to: string[]; tags: string[] | null; impact: Impact; severity: Exclude<Severity, 'info'> };

/** When to speak; all in milliseconds. */
export type Alerting = { window: number; blind: number; reminders: number[] };

/** What a route looks at; `tags` is null of what is no target's. */
export type Routed = { tags: readonly string[] | null; impact: Impact; severity: Severity };

const RANK: Record<Severity, number> = { info: 0, low: 1, medium: 2, high: 3 };

/** Whether something goes to the channel by any of the routes. */
export function isFor(channel: string, routes: readonly Route[], { tags, impact, severity }: Routed): boolean {
  return routes.some(
    (route) =>
      route.to.includes(channel) &&
      (route.tags === null || (tags !== null && route.tags.some((tag) => tags.includes(tag)))) &&
      RANK[impact] >= RANK[route.impact] &&
      RANK[severity] >= RANK[route.severity],
  );
}

/** The tags of all that a channel is about; null: everything. */
export function tagsFor(channel: string, routes: readonly Route[]): string[] | null {
  const own = routes.filter(({ to }) => to.includes(channel));
  if (own.some(({ tags }) => tags === null)) return null;
  return [...new Set(own.flatMap(({ tags }) => tags ?? []))].sort();
}
