/** Waiting for something that another process does: looked at again and again, and given up after a while. */
const INTERVAL_MS = 10;
const GIVE_UP_MS = 20_000;

type Nothing = undefined | null | false;

/** Resolves with the first result of `look` that is neither undefined, null nor false; rejects naming `what` after 20 s. */
export async function until<T>(what: string, look: () => Promise<T | Nothing> | T | Nothing): Promise<T> {
  const end = performance.now() + GIVE_UP_MS;
  for (;;) {
    const result = await look();
    if (result !== undefined && result !== null && result !== false) return result;
    if (performance.now() > end) throw new Error(`gave up waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}
