import { isMessage, type Say } from '../text/say.ts';

/**
 * What operators want to see first, in words. Those that are known are the codes of the posture checks and of the
 * catalogue's `requires`; anything else there is a sentence already.
 */
export function requirementText(requirement: string, say: Say): string {
  const id = `delist.requires.${requirement}`;
  return isMessage(id) ? say(id) : requirement;
}
