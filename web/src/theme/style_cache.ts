import createCache, { type EmotionCache, type Options } from "@emotion/cache";
import { AdoptedSheet } from "./adopted_sheet";

/** emotion's cache for one direction of writing, on a sheet that needs no inline styles. */
export function makeStyleCache(key: string, plugins?: Options["stylisPlugins"]): EmotionCache {
  const cache = createCache({ key, stylisPlugins: plugins });
  if ("adoptedStyleSheets" in document) {
    cache.sheet = new AdoptedSheet({ key, container: document.head }) as unknown as EmotionCache["sheet"];
  }
  return cache;
}
