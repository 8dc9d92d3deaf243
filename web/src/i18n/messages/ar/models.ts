import type { models as english } from "../en/models";
import type { Message } from "@/i18n/text";

export const models: Record<keyof typeof english, Message> = {
  model: "النموذج",
  models: "النماذج",
  modelButton: "{purpose}: {model}",
  modelNone: "لا نموذج",
  modelChoose: "اختيار نموذج",
  modelSearch: "البحث في النماذج",
  modelNoneFound: "لا يوجد نموذج يطابق هذا البحث.",
  modelMore: { zero: "لا نماذج أخرى.", one: "نموذج آخر. حدّد البحث أكثر.", two: "نموذجان آخران. حدّد البحث أكثر.", few: "{count} نماذج أخرى. حدّد البحث أكثر.", many: "{count} نموذجًا آخر. حدّد البحث أكثر.", other: "{count} نموذج آخر. حدّد البحث أكثر." },
  modelDefault: "افتراضي",
  modelLoaded: "محمّل",
  modelLoading: "قيد التحميل",
  modelCold: "غير محمّل بعد",
  modelDownloading: "جارٍ التنزيل",
  modelDownloadingShare: "جارٍ التنزيل: {share}",
  modelUnavailable: "غير متاح",
  modelVision: "صور",
  modelTools: "أدوات",
  modelThinking: "تفكير",
  modelEmbedding: "تضمين",
  modelContext: { zero: "بلا سياق", one: "سياق من رمز واحد", two: "سياق من رمزين", few: "سياق من {count} رموز", many: "سياق من {count} رمزًا", other: "سياق من {count} رمز" },
  modelNodes: { zero: "بلا عقد", one: "على عقدة واحدة", two: "على عقدتين", few: "على {count} عقد", many: "على {count} عقدة", other: "على {count} عقدة" },
  modelEmpty: "لا يوجد بعد نموذج للمحادثة.",
  modelEmptyAdministrator: "نزّل نموذجًا، أو صِل محركًا لديه نماذج. من سطر الأوامر في الخدمة:",
  modelEmptyMember: "اطلب من أحد مديري هذه الخدمة إضافة نموذج.",
};
