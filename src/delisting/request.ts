import type { Target } from '../target.ts';
import { minute } from '../text/minute.ts';
import type { OpenListing, Step } from './advice.ts';
import { definitionOf, type SeenLabel } from './facts.ts';

/** A text to send, or to paste into a form. What only the sender can know stands in [brackets]. */
export type RequestText = { to: 'operator' | 'provider'; subject: string; body: string };

/**
 * Built from evidence only: nothing is claimed that was not seen. Null where nobody is to be asked now.
 *
 * @param inOrder What an audit found right of what the operator demands.
 */
export function requestText(
  step: Step,
  listing: OpenListing,
  target: Target,
  inOrder: readonly string[] = [],
): RequestText | null {
  const toProvider = step.actor === 'provider' || step.actor === 'as-operator';
  const asked = toProvider || step.actor === 'you' || step.actor === 'anyone';
  if (!asked || step.blockedBy.length > 0 || step.asked !== null || step.sameAs !== null) return null;
  return toProvider ? providerText(step, listing, target) : operatorText(step, listing, target, inOrder);
}

function operatorText(step: Step, listing: OpenListing, target: Target, inOrder: readonly string[]): RequestText {
  return {
    to: 'operator',
    subject: `Removal request: ${target.text} from ${listing.list.name} (${labels(step.codes)})`,
    body: paragraphs([
      `please remove ${target.text} from ${listing.list.name}.`,
      evidence(step, listing, target),
      inOrder.length === 0 ? '' : `In order on our side:\n${inOrder.map((line) => `- ${oneLine(line)}`).join('\n')}`,
      'Cause: [what sent the mail, and how you found out]',
      'Done about it: [what was changed, and when]',
      'Responsible, and reachable at: [name, e-mail address, telephone]',
    ]),
  };
}

function providerText(step: Step, listing: OpenListing, target: Target): RequestText {
  const must = step.requires.map((requirement) => `- ${requirement}`).join('\n');
  return {
    to: 'provider',
    subject: `${target.text} in your network is listed on ${listing.list.name} (${labels(step.codes)})`,
    body: paragraphs([
      `${target.text}, which we use, is on ${listing.list.name}. Only the owner of the network can end this listing; please do.`,
      evidence(step, listing, target),
      step.page === null ? '' : `The operator's page: ${step.page}`,
      must === '' ? '' : `What the operator asks for:\n${must}`,
      'On our side: [what was found and changed, and when; or that this server is not the cause]',
      '[name, customer number, telephone]',
    ]),
  };
}

/** Everything of it was seen in DNS, with its time. */
function evidence(step: Step, listing: OpenListing, target: Target): string {
  const { list, since, cleanBefore, reason } = listing;
  return [
    'What DNS says:',
    `- ${target.kind === 'domain' ? 'domain' : 'address'}: ${target.text}`,
    `- list: ${list.name}, zone ${list.zone}`,
    ...step.codes.map(
      (code) =>
        `- answer: ${code.code} (${[code.label, definitionOf(list, code)?.meaning].filter(Boolean).join(': ')})`,
    ),
    since === null ? '' : `- listed since: ${minute(since)}`,
    cleanBefore === null ? '' : `- last seen not listed: ${minute(cleanBefore)}`,
    reason === null ? '' : `- reason given by the list: ${oneLine(reason)}`,
  ]
    .filter((line) => line !== '')
    .join('\n');
}

const labels = (codes: SeenLabel[]): string => [...new Set(codes.map(({ label }) => label))].join(', ');
/** The list's text is hostile: it must not add lines of its own to what the user sends. */
const oneLine = (text: string): string =>
  text
    .replace(/[\p{C}\p{Z}\s]+/gu, ' ')
    .trim()
    .slice(0, 500);
const paragraphs = (parts: string[]): string => `${['Hello,', ...parts.filter((part) => part !== '')].join('\n\n')}\n`;
