import type { Channel, ChannelKind, Outgoing, Send, Sending } from './channel.ts';
import { sendCommand } from './command.ts';
import { sendDingtalk } from './dingtalk.ts';
import { sendDiscord } from './discord.ts';
import { sendEmail } from './email.ts';
import { sendFeishu } from './feishu.ts';
import { sendNtfy } from './ntfy.ts';
import { sendSlack } from './slack.ts';
import { sendTeams } from './teams.ts';
import { sendTelegram } from './telegram.ts';
import { sendWebhook } from './webhook.ts';
import { sendWecom } from './wecom.ts';

const SENDERS: { [Type in ChannelKind['type']]: Send<Type> } = {
  command: sendCommand,
  dingtalk: sendDingtalk,
  discord: sendDiscord,
  email: sendEmail,
  feishu: sendFeishu,
  ntfy: sendNtfy,
  slack: sendSlack,
  teams: sendTeams,
  telegram: sendTelegram,
  webhook: sendWebhook,
  wecom: sendWecom,
};

/** Hands a message to a channel; gives a remark where not all went well. Throws DeliveryFailure. */
export function send(channel: Channel, outgoing: Outgoing, sending: Sending): Promise<string | null> {
  const sender = SENDERS[channel.type] as (
    channel: Channel,
    outgoing: Outgoing,
    sending: Sending,
  ) => Promise<string | null>;
  return sender(channel, outgoing, sending);
}
