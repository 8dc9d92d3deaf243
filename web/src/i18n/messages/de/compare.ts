import type { compare as english } from "../en/compare";
import type { Message } from "@/i18n/text";

export const compare: Record<keyof typeof english, Message> = {
  compareTitle: "Modelle vergleichen",
  compareColumn: "Modell {number}",
  compareAdd: "Modell hinzufügen",
  compareAnew: "Neu beginnen",
  compareRemove: "Modell {number} entfernen",
  compareSettingsOne: "Parameter von Modell {number}",
  compareSettingsAll: "Parameter aller Modelle",
  compareShared: "Für alle Modelle gleich",
  compareStopOne: "{model} anhalten",
  compareStop: "Alle Antworten anhalten",
  compareSend: "Alle Modelle fragen",
  compareQuestion: "Deine Frage an alle Modelle",
  compareHint: "Allen Modellen dasselbe fragen",
  compareAnswers: "Antworten von {model}",
  compareGoOn: "Mit diesem im Chat weitermachen",
  compareDone: "Alle Modelle haben geantwortet.",
};
