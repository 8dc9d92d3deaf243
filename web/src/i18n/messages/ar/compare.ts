import type { compare as english } from "../en/compare";
import type { Message } from "@/i18n/text";

export const compare: Record<keyof typeof english, Message> = {
  compareTitle: "مقارنة النماذج",
  compareColumn: "النموذج {number}",
  compareAdd: "إضافة نموذج",
  compareAnew: "البدء من جديد",
  compareRemove: "إزالة النموذج {number}",
  compareSettingsOne: "معاملات النموذج {number}",
  compareSettingsAll: "معاملات كل النماذج",
  compareShared: "نفسها لكل النماذج",
  compareStopOne: "إيقاف {model}",
  compareStop: "إيقاف كل الإجابات",
  compareSend: "سؤال كل النماذج",
  compareQuestion: "سؤالك لكل النماذج",
  compareHint: "اسأل كل النماذج السؤال نفسه",
  compareAnswers: "إجابات {model}",
  compareGoOn: "المتابعة مع هذا في محادثة",
  compareDone: "أجابت كل النماذج.",
};
