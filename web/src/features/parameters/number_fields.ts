import type { MessageKey } from "@/i18n/locale";
import type { NumberName } from "./settings";

/** The numbers that steer how an answer is made, in the order they are shown. */
export const NUMBER_FIELDS: { name: NumberName; label: MessageKey; help: MessageKey }[] = [
  { name: "temperature", label: "parameterTemperature", help: "parameterTemperatureHelp" },
  { name: "max_tokens", label: "parameterMaxTokens", help: "parameterMaxTokensHelp" },
  { name: "top_p", label: "parameterTopP", help: "parameterTopPHelp" },
  { name: "top_k", label: "parameterTopK", help: "parameterTopKHelp" },
  { name: "min_p", label: "parameterMinP", help: "parameterMinPHelp" },
  { name: "repeat_penalty", label: "parameterRepeatPenalty", help: "parameterRepeatPenaltyHelp" },
  { name: "presence_penalty", label: "parameterPresencePenalty", help: "parameterPresencePenaltyHelp" },
  { name: "frequency_penalty", label: "parameterFrequencyPenalty", help: "parameterFrequencyPenaltyHelp" },
  { name: "seed", label: "parameterSeed", help: "parameterSeedHelp" },
];
