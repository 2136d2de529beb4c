/** The diagnostic log: on stderr, as JSON lines or as text that systemd's journal shows well. */
import { type DestinationStream, type Logger, pino } from 'pino';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['text', 'json'] as const;
export type Format = (typeof LOG_FORMATS)[number];

export function newLogger(level: Level, format: Format): Logger {
  const stderr = pino.destination({ fd: 2, sync: true });
  const base = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ ...base, formatters }, format === 'json' ? stderr : textStream(stderr));
}

/** `TIME LEVEL message key=value …` */
function textStream(to: DestinationStream): DestinationStream {
  return {
    write(line: string): void {
      const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
      const shown = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
      to.write(`${String(time)} ${String(level).toUpperCase().padEnd(5)} ${String(msg ?? '')}${shown.join('')}\n`);
    },
  };
}
