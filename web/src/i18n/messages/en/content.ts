import type { Message } from "@/i18n/text";

/** What is kept of requests, for those who asked and for those who read it. */
export const content = {
  contentKept: "Your administrator keeps the content of requests for {time} and can read it.",
  contentShow: "Show content",
  contentTitle: "Content of the request",
  contentAudited: "That you read this is in the audit log. Request:",
  contentQuestion: "Question",
  contentAnswer: "Answer",
  contentSuffix: "After the answer",
  contentExpires: "Kept until",
  contentCut: "More was there and is not kept.",
  contentNoAnswer: "There was no answer.",
  contentPicture: "Picture, {type}, {size}. Pictures are not kept.",
  contentLeftOut: { one: "{count} earlier message is not kept.", other: "{count} earlier messages are not kept." },
  contentMore: { one: "{count} older request has the same id.", other: "{count} older requests have the same id." },
  requestsLeadKept: "The last requests one by one: whose, what they took and how they ended. The details of each lead to what was asked and answered.",
  auditContent: "Read the content of a request",
  saysContent: "{name} read the content of a request",
} satisfies Record<string, Message>;
