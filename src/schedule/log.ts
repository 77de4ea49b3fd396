import { pino } from 'pino';

type Write = (fields: object, message: string) => void;
/** The log of `serve` and `worker`. Never give it configuration: keys and webhook addresses are secrets. */
export type Log = { debug: Write; info: Write; warn: Write; error: Write };

export type LogOptions = {
  /** For people; else a line of JSON for each event. */
  pretty: boolean;
  level: 'debug' | 'info';
  write(text: string): void;
};

export async function openLog({ pretty, level, write }: LogOptions): Promise<Log> {
  const shown = pretty ? await prettier() : (line: string) => line;
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const logger = pino(options, { write: (line: string) => write(shown(line)) });
  const at =
    (severity: keyof Log): Write =>
    (fields, message) =>
      logger[severity](fields, message);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

async function prettier(): Promise<(line: string) => string> {
  const { default: pinoPretty } = await import('pino-pretty');
  const pretty = pinoPretty.prettyFactory({ translateTime: 'SYS:yyyy-mm-dd HH:MM:ss', singleLine: true });
  return (line) => pretty(line) ?? line;
}
