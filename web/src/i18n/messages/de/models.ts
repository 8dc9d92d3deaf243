import type { models as english } from "../en/models";
import type { Message } from "@/i18n/text";

export const models: Record<keyof typeof english, Message> = {
  model: "Modell",
  models: "Modelle",
  modelButton: "{purpose}: {model}",
  modelNone: "Kein Modell",
  modelChoose: "Modell auswählen",
  modelSearch: "Modelle suchen",
  modelNoneFound: "Zu dieser Suche passt kein Modell.",
  modelMore: { one: "{count} weiteres Modell. Grenze die Suche ein.", other: "{count} weitere Modelle. Grenze die Suche ein." },
  modelDefault: "Standard",
  modelLoaded: "Geladen",
  modelLoading: "Wird geladen",
  modelCold: "Noch nicht geladen",
  modelDownloading: "Wird heruntergeladen",
  modelDownloadingShare: "Wird heruntergeladen: {share}",
  modelUnavailable: "Nicht verfügbar",
  modelVision: "Bilder",
  modelTools: "Werkzeuge",
  modelThinking: "Denken",
  modelEmbedding: "Einbettung",
  modelContext: { one: "{count} Token Kontext", other: "{count} Token Kontext" },
  modelNodes: { one: "auf {count} Knoten", other: "auf {count} Knoten" },
  modelEmpty: "Es gibt noch kein Modell zum Chatten.",
  modelEmptyAdministrator: "Lade eines herunter oder verbinde eine Engine, die welche hat. Auf der Kommandozeile des Dienstes:",
  modelEmptyMember: "Bitte einen Administrator dieses Dienstes, eines hinzuzufügen.",
};
