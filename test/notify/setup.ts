import type { List } from '../../src/catalogue/list.ts';
import type { Channel, ChannelKind } from '../../src/notify/channels/channel.ts';
import type { Setup } from '../../src/notify/collect.ts';

export const channelOf = (id: string, kind: ChannelKind, more: Partial<Channel> = {}): Channel =>
  ({ id, language: 'en', timeZone: 'UTC', gets: ['alerts', 'digest'], ...kind, ...more }) as Channel;

/** Every channel gets everything, at once. */
export function setupOf(lists: readonly List[], channels: readonly Channel[], more: Partial<Setup> = {}): Setup {
  return {
    lists,
    channels,
    routes: [{ to: channels.map(({ id }) => id), tags: null, impact: 'low', severity: 'low' }],
    alerting: { window: 0, blind: 86_400_000, reminders: [86_400_000] },
    ...more,
  };
}
