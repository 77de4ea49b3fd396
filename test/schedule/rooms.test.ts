import { expect, test } from 'vitest';
import { roomsOf } from '../../src/schedule/rooms.ts';
import { scheduleOf } from './scanning.ts';

const followUp = scheduleOf('follow-up', '47 * * * *');
const scan = scheduleOf('scan', { cron: '17 * * * *', quiet: 86_400_000 });
const load = { operator: 'op', perSecond: null, perDay: 1000, busiest: 750, shares: [], late: null };
const now = new Date('2026-11-24T00:00:00Z');

test('follow-ups have what the scans leave of a day, and a quarter of the time between two', () => {
  const { followUp: room } = roomsOf(
    [load, { ...load, operator: 'slow', perDay: null, perSecond: 2 }],
    [followUp],
    now,
  );
  expect(room('op')).toBe(10); // 25 follow-ups in what the ledger counts as a day
  expect(room('slow')).toBe(1800);
  expect(roomsOf([{ ...load, busiest: 1001 }], [followUp], now).followUp('op')).toBe(0);
});

test('scans of what is lively have their part, and what follow-ups do not need', () => {
  const rooms = roomsOf([load, { ...load, operator: 'large', perDay: 200_750 }], [followUp, scan], now);
  expect([rooms.followUp('op'), rooms.lively('op')]).toEqual([5, 5]);
  expect([rooms.followUp('large'), rooms.lively('large')]).toEqual([1000, 7000]);
});

test('an operator without limits has room for all', () => {
  const rooms = roomsOf([{ ...load, perDay: null }], [followUp, scan], now);
  expect([rooms.followUp('op'), rooms.lively('op')]).toEqual([1000, Number.POSITIVE_INFINITY]);
});
