import { ButtonLink } from "@/components/links";
import { Standalone } from "@/components/Standalone";
import { useText } from "@/i18n/locale";

export default function NotFoundPage() {
  const text = useText();
  return (
    <Standalone title={text("notFoundTitle")} lead={text("notFoundText")}>
      <ButtonLink variant="contained" to="/">
        {text("toStart")}
      </ButtonLink>
    </Standalone>
  );
}
