// The vendors of models as the server offers them (`GET /config`), asked by name; pure.
import type { Config, Provider } from "../server/types";

/** The built-in vendor whose model plays scripts: the page offers its tour. */
export const scripted = "scripted";
/** What the scripted model is best told first. */
export const suggested = "tour";

export function findProvider(config: Config | undefined, name: string): Provider | undefined {
  return config?.providers.find((provider) => provider.name === name);
}

/** Whether a session of that provider waits for a key; one that the server does not tell of is taken to. */
export function needsKey(config: Config | undefined, name: string): boolean {
  return findProvider(config, name)?.needs_key ?? name !== scripted;
}

/** Whether that provider waits for a key that nobody has given; false until the server has told. */
export function lacksKey(config: Config | undefined, name: string): boolean {
  return needsKey(config, name) && config !== undefined && !findProvider(config, name)?.has_key;
}

/** The provider a new session starts with: the server's, or while its key is missing one that needs none. */
export function firstProvider(config: Config | undefined): string {
  const usual = config?.api_provider ?? scripted;
  if (!lacksKey(config, usual)) return usual;
  return config?.providers.find((provider) => !provider.needs_key)?.name ?? scripted;
}

/**
 * Whose key concerns a person who looks at a session of that provider: its own, else that of who serves new sessions,
 * else of the first that has a use for one.
 */
export function providerOfKey(config: Config | undefined, name: string): Provider | undefined {
  const candidates = [name, config?.api_provider ?? ""].map((each) => findProvider(config, each));
  return [...candidates, ...(config?.providers ?? [])].find((provider) => provider?.needs_key);
}

/** As it stands in a list of choices. */
export function choiceLabel(provider: Provider): string {
  return provider.needs_key ? provider.title : `${provider.title} (no key)`;
}
