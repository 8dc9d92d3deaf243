/** Models of the echo engine, besides `echo`: one that sees, and two more to be compared. */
export const SEEING = "mirror-seeing";
export const SECOND = "mirror-second";
export const THIRD = "mirror-third";

const capable = (name: string, ...more: string[]) => ({ name, upstream: "echo", capabilities: ["chat", "completion", "tools", ...more] });

/** The key that the engine would want, for looking whether it is shown anywhere. */
export const ENGINE_KEY = "sk-kept-from-everybody";

/** What Covey is told of an echo engine: once with the models that it lists, once with some of our own naming. */
export function echoEngines(url: string): object[] {
  return [
    { name: "echo", base_url: `${url}/v1`, api_key: ENGINE_KEY },
    { name: "mirror", base_url: `${url}/v1`, models: [capable(SEEING, "vision", "thinking"), capable(SECOND), capable(THIRD)] },
  ];
}
