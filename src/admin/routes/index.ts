/** Every route of the admin API. */
import type { Route } from '../http.ts';
import { epochRoutes } from './epochs.ts';
import { objectRoutes } from './objects.ts';
import type { AdminParts } from './parts.ts';
import { statusRoutes } from './status.ts';

export type { AdminParts } from './parts.ts';

export function adminRoutes(parts: AdminParts): Route[] {
  return [...epochRoutes(parts), ...objectRoutes(parts), ...statusRoutes(parts)];
}
