import type { Message } from "@/i18n/text";

/** Models side by side. */
export const compare = {
  compareTitle: "Compare models",
  compareColumn: "Model {number}",
  compareAdd: "Add a model",
  compareAnew: "Begin anew",
  compareRemove: "Remove model {number}",
  compareSettingsOne: "Parameters of model {number}",
  compareSettingsAll: "Parameters of all models",
  compareShared: "The same for all models",
  compareStopOne: "Stop {model}",
  compareStop: "Stop all answers",
  compareSend: "Ask all models",
  compareQuestion: "Your question to all models",
  compareHint: "Ask all models the same",
  compareAnswers: "Answers of {model}",
  compareGoOn: "Go on with this one in a chat",
  compareDone: "All models have answered.",
} satisfies Record<string, Message>;
