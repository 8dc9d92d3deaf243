import type { Message } from "@/i18n/text";

export const content = {
  contentKept: "تحتفظ الإدارة بمحتوى الطلبات لمدة {time} ويمكنها قراءته.",
  contentShow: "عرض المحتوى",
  contentTitle: "محتوى الطلب",
  contentAudited: "قراءتك لهذا مسجّلة في سجل التدقيق. الطلب:",
  contentQuestion: "السؤال",
  contentAnswer: "الجواب",
  contentSuffix: "ما بعد الجواب",
  contentExpires: "محفوظ حتى",
  contentCut: "كان هناك المزيد ولم يُحفظ.",
  contentNoAnswer: "لم يكن هناك جواب.",
  contentPicture: "صورة، {type}، {size}. لا تُحفظ الصور.",
  contentLeftOut: {
    zero: "لا رسائل سابقة غير محفوظة.",
    one: "رسالة سابقة واحدة غير محفوظة.",
    two: "رسالتان سابقتان غير محفوظتين.",
    few: "{count} رسائل سابقة غير محفوظة.",
    many: "{count} رسالة سابقة غير محفوظة.",
    other: "{count} رسالة سابقة غير محفوظة.",
  },
  contentMore: {
    zero: "لا طلبات أقدم بالمعرّف نفسه.",
    one: "طلب أقدم واحد له المعرّف نفسه.",
    two: "طلبان أقدمان لهما المعرّف نفسه.",
    few: "{count} طلبات أقدم لها المعرّف نفسه.",
    many: "{count} طلبًا أقدم لها المعرّف نفسه.",
    other: "{count} طلب أقدم لها المعرّف نفسه.",
  },
  requestsLeadKept: "آخر الطلبات واحدًا واحدًا: لمن هي وما استغرقته وكيف انتهت. وتقود تفاصيل كل طلب إلى السؤال والجواب.",
  auditContent: "قراءة محتوى طلب",
  saysContent: "قرأ {name} محتوى طلب",
} satisfies Record<string, Message>;
