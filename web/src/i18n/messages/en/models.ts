import type { Message } from "@/i18n/text";

/** Choosing a model. */
export const models = {
  model: "Model",
  models: "Models",
  modelButton: "{purpose}: {model}",
  modelNone: "No model",
  modelChoose: "Choose a model",
  modelSearch: "Search models",
  modelNoneFound: "No model fits this search.",
  modelMore: { one: "{count} more model. Search to narrow it down.", other: "{count} more models. Search to narrow them down." },
  modelDefault: "default",
  modelLoaded: "Loaded",
  modelLoading: "Loading",
  modelCold: "Not loaded yet",
  modelDownloading: "Downloading",
  modelDownloadingShare: "Downloading {share}",
  modelUnavailable: "Unavailable",
  modelVision: "Pictures",
  modelTools: "Tools",
  modelThinking: "Thinking",
  modelEmbedding: "Embedding",
  modelContext: { one: "{count} token of context", other: "{count} tokens of context" },
  modelNodes: { one: "on {count} node", other: "on {count} nodes" },
  modelEmpty: "There is no model to chat with yet.",
  modelEmptyAdministrator: "Download one, or connect an engine that has some. On the command line of the service:",
  modelEmptyMember: "Ask an administrator of this service to add one.",
} satisfies Record<string, Message>;
