import { Outlet } from "@tanstack/react-router";
import { Empty } from "@/components/DataTable";
import { Page } from "@/components/Page";
import { useSession } from "@/features/session/session";
import { useText } from "@/i18n/locale";

export function AdministratorsOnly() {
  const text = useText();
  const administrator = useSession((state) => state.user?.role === "admin");
  if (administrator) return <Outlet />;
  return (
    <Page title={text("adminOnlyTitle")}>
      <Empty>{text("adminOnlyText")}</Empty>
    </Page>
  );
}
