import type { Message } from "@/i18n/text";

export const content = {
  contentKept: "Deine Administration bewahrt den Inhalt von Anfragen {time} lang auf und kann ihn lesen.",
  contentShow: "Inhalt zeigen",
  contentTitle: "Inhalt der Anfrage",
  contentAudited: "Dass du das liest, steht im Protokoll. Anfrage:",
  contentQuestion: "Frage",
  contentAnswer: "Antwort",
  contentSuffix: "Nach der Antwort",
  contentExpires: "Aufbewahrt bis",
  contentCut: "Es war mehr da, das nicht aufbewahrt ist.",
  contentNoAnswer: "Es gab keine Antwort.",
  contentPicture: "Bild, {type}, {size}. Bilder werden nicht aufbewahrt.",
  contentLeftOut: { one: "{count} frühere Nachricht ist nicht aufbewahrt.", other: "{count} frühere Nachrichten sind nicht aufbewahrt." },
  contentMore: { one: "{count} ältere Anfrage hat dieselbe Kennung.", other: "{count} ältere Anfragen haben dieselbe Kennung." },
  requestsLeadKept: "Die letzten Anfragen einzeln: von wem, wie lange, wie sie endeten. Die Einzelheiten führen zu dem, was gefragt und geantwortet wurde.",
  auditContent: "Inhalt einer Anfrage gelesen",
  saysContent: "{name} hat den Inhalt einer Anfrage gelesen",
} satisfies Record<string, Message>;
