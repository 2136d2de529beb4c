import { hostname } from 'node:os';

/** The machine's host name, which is the default of every `hostname` field. */
export const HOST_NAME = hostname() || 'localhost';
