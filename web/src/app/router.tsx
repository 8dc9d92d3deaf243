import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { useSession } from "@/features/session/session";
import { lazy } from "react";
import { ErrorPage } from "./ErrorPage";
import { Root } from "./Root";

const NotFoundPage = lazy(() => import("./NotFoundPage"));

export const rootRoute = createRootRoute({
  component: Root,
  notFoundComponent: NotFoundPage,
  errorComponent: ErrorPage,
});

interface EntrySearch {
  /** Where to go after the login: a path of this interface. */
  next?: string;
}

const entryRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/login",
  validateSearch: (search: Record<string, unknown>): EntrySearch =>
    // Named also when it is refused: what is left out here would stay as it came.
    ({ next: typeof search.next === "string" && /^\/(?![/\\])/.test(search.next) ? search.next : undefined }),
  component: lazyRouteComponent(() => import("@/features/session/components/EntryPage"), "EntryPage"),
});

interface InvitationSearch {
  invitation?: string;
}

const registerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/register",
  validateSearch: (search: Record<string, unknown>): InvitationSearch =>
    ({ invitation: typeof search.invitation === "string" ? search.invitation : undefined }),
  component: lazyRouteComponent(() => import("@/features/session/components/RegisterPage"), "RegisterPage"),
});

/** Everything that needs an account; the frame with the navigation is around it. */
export const insideRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "inside",
  component: lazyRouteComponent(() => import("./Shell"), "Shell"),
  beforeLoad: ({ location }) => {
    if (useSession.getState().status === "out") {
      throw redirect({ to: "/login", search: location.href === "/" ? {} : { next: location.href } });
    }
  },
});

const newChatRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: "/",
  component: lazyRouteComponent(() => import("@/features/chat/components/ChatPage"), "ChatPage"),
});

const chatRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: "/c/$conversationId",
  /** The message to begin at: one that a search has found. */
  validateSearch: (search: Record<string, unknown>): { message?: string } => (typeof search.message === "string" ? { message: search.message } : {}),
  component: lazyRouteComponent(() => import("@/features/chat/components/ChatPage"), "ChatPage"),
});

const accountRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: "/account",
  component: lazyRouteComponent(() => import("@/features/account/components/SecurityPage"), "SecurityPage"),
});

const keysRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: "/account/keys",
  component: lazyRouteComponent(() => import("@/features/keys/components/KeysPage"), "KeysPage"),
});

const usageRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: "/account/usage",
  component: lazyRouteComponent(() => import("@/features/usage/components/UsagePage"), "UsagePage"),
});

const preferencesRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: "/account/preferences",
  component: lazyRouteComponent(() => import("@/features/account/components/PreferencesPage"), "PreferencesPage"),
});

/** For administrators; others are told so. The service refuses them all the same. */
const administrationRoute = createRoute({
  getParentRoute: () => insideRoute,
  id: "administration",
  component: lazyRouteComponent(() => import("./AdministratorsOnly"), "AdministratorsOnly"),
});

const overviewRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: "/admin",
  component: lazyRouteComponent(() => import("@/features/overview/components/OverviewPage"), "OverviewPage"),
});

const usersRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: "/admin/users",
  component: lazyRouteComponent(() => import("@/features/users/components/UsersPage"), "UsersPage"),
});

const modelsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: "/admin/models",
  component: lazyRouteComponent(() => import("@/features/fleet/components/ModelsPage"), "ModelsPage"),
});

const nodesRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: "/admin/nodes",
  component: lazyRouteComponent(() => import("@/features/fleet/components/NodesPage"), "NodesPage"),
});

const requestsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: "/admin/requests",
  component: lazyRouteComponent(() => import("@/features/records/components/RequestsPage"), "RequestsPage"),
});

const settingsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: "/admin/settings",
  component: lazyRouteComponent(() => import("@/features/settings/components/SettingsPage"), "SettingsPage"),
});

const auditRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: "/admin/audit",
  component: lazyRouteComponent(() => import("@/features/records/components/AuditPage"), "AuditPage"),
});

interface CompareSearch {
  /** Names of models, with commas between them. */
  models?: string;
  /** A question to begin with. */
  q?: string;
}

const compareRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: "/compare",
  validateSearch: (search: Record<string, unknown>): CompareSearch => ({
    models: typeof search.models === "string" ? search.models : undefined,
    q: typeof search.q === "string" ? search.q : undefined,
  }),
  component: lazyRouteComponent(() => import("@/features/compare/components/ComparePage"), "ComparePage"),
});

const routeTree = rootRoute.addChildren([
  entryRoute,
  registerRoute,
  insideRoute.addChildren([newChatRoute, chatRoute, compareRoute, accountRoute, keysRoute, usageRoute, preferencesRoute, administrationRoute.addChildren([overviewRoute, usersRoute, modelsRoute, nodesRoute, requestsRoute, auditRoute, settingsRoute])]),
]);

export const router = createRouter({
  routeTree,
  defaultPreload: "intent",
  defaultErrorComponent: ErrorPage,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
