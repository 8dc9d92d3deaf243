import { ErrorNotice } from "@/components/ErrorNotice";
import { Standalone } from "@/components/Standalone";
import { useText } from "@/i18n/locale";
import { renew, useSession } from "../session";

/** The service was away when the page was opened. */
export function Unreachable() {
  const text = useText();
  const error = useSession((state) => state.error);
  return (
    <Standalone title={text("unreachableTitle")} lead={text("unreachableText")}>
      {error && <ErrorNotice error={error} retry={() => void renew()} />}
    </Standalone>
  );
}
