// A provider of OpenID Connect set as ProConnect documents itself: the very library that it runs, its parameters, its levels.
// Run: node provider.mjs '{"port":…,"client":{…},"people":[{"id":…,"email":…,"acr":…,"amr":[…],…}]}'
// The code of a person marked "late" has ended when it comes: nobody waits for its sixty seconds.
import { createServer } from "node:http";
import Provider, { errors } from "oidc-provider";
import { exportJWK, generateKeyPair } from "jose";

const { port, client, people } = JSON.parse(process.argv[2]);
const prefix = "/api/v2";
const issuer = `http://localhost:${port}${prefix}`;
const levels = ["eidas0", "eidas0-mfa", "eidas1", "eidas1-mfa", "eidas2", "eidas3"];
const accepted = new Set([
  "client_id", "response_type", "redirect_uri", "scope", "state", "nonce", "claims", "acr_values", "prompt", "login_hint",
  "siret_hint", "idp_hint", "response_mode", "code_challenge", "code_challenge_method",
]);
const byScope = {
  openid: ["sub"], given_name: ["given_name"], usual_name: ["usual_name"], email: ["email"], uid: ["uid"], siret: ["siret"],
  idp_id: ["idp_id"], organization_label: ["organization_label"], roles: ["roles"], amr: ["amr"],
};

async function makeKey(algorithm) {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: algorithm, use: "sig", kid: `test-${algorithm}` };
}

const provider = new Provider(issuer, {
  acrValues: levels,
  claims: byScope,
  scopes: ["openid"],
  responseTypes: ["code"],
  clientAuthMethods: ["client_secret_post", "private_key_jwt"],
  extraParams: ["idp_hint", "siret_hint"],
  pkce: { required: () => false },
  features: {
    devInteractions: { enabled: false },
    claimsParameter: { enabled: true },
    jwtUserinfo: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      // ProConnect asks nothing: its page sends itself.
      logoutSource: (ctx, form) => { ctx.body = page(`${form}<button form="op.logoutForm" name="logout" value="yes">Sortir</button>`); },
    },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: { enabled: false },
  },
  jwks: { keys: [await makeKey("ES256"), await makeKey("RS256")] },
  enabledJWA: {
    idTokenSigningAlgValues: ["HS256", "ES256", "RS256"],
    userinfoSigningAlgValues: ["HS256", "ES256", "RS256"],
  },
  ttl: { AuthorizationCode: 60, AccessToken: 3600, IdToken: 60, Session: 43200, Interaction: 600, Grant: 43200 },
  cookies: { keys: ["of a test"] },
  clients: [client],
  findAccount: (ctx, id) => {
    const { id: accountId, acr, ...claims } = people.find((person) => person.id === id);
    return { accountId, claims: () => ({ sub: accountId, ...claims }) };
  },
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope(ctx.oidc.params.scope);
    grant.addOIDCClaims(Object.values(byScope).flat().concat(["acr", "auth_time"]));
    await grant.save();
    return grant;
  },
  interactions: { url: (ctx, interaction) => `${prefix}/interaction/${interaction.uid}` },
});

provider.on("authorization_code.saved", (code) => {
  if (people.find((person) => person.id === code.accountId).late) code.destroy();
});

function page(body) {
  return `<!doctype html><html lang="fr"><title>ProConnect d’essai</title><main><h1>ProConnect d’essai</h1>${body}</main></html>`;
}

async function interact(request, response, url) {
  const details = await provider.interactionDetails(request, response);
  const chosen = people.find((person) => person.id === url.searchParams.get("person"));
  if (!chosen) {
    const links = people.map((p) => `<li><a href="${url.pathname}?person=${p.id}">${p.given_name} ${p.usual_name} (${p.acr})</a></li>`);
    const refuse = `<li><a href="${url.pathname}?person=none">Refuser</a></li>`;
    if (url.searchParams.get("person") === "none") {
      return provider.interactionFinished(request, response, { error: "access_denied", error_description: "User auth aborted" });
    }
    response.setHeader("content-type", "text/html; charset=utf-8");
    return response.end(page(`<ul>${links.join("")}${refuse}</ul>`));
  }
  const wanted = details.params.claims ? JSON.parse(details.params.claims).id_token?.acr : null;
  if (wanted?.essential && !wanted.values.includes(chosen.acr)) {
    return provider.interactionFinished(request, response, {
      error: "access_denied", error_description: "requested ACRs could not be satisfied",
    });
  }
  return provider.interactionFinished(request, response, { login: { accountId: chosen.id, acr: chosen.acr, amr: chosen.amr } });
}

createServer(async (request, response) => {
  const url = new URL(request.url, issuer);
  if (!url.pathname.startsWith(prefix)) return response.writeHead(404).end();
  if (url.pathname.startsWith(`${prefix}/interaction/`)) {
    try {
      return await interact(request, response, url);
    } catch (error) {
      return response.writeHead(error instanceof errors.SessionNotFound ? 400 : 500).end(String(error));
    }
  }
  if (url.pathname === `${prefix}/auth` && request.method === "GET") {
    const unknown = [...url.searchParams.keys()].filter((name) => !accepted.has(name));
    if (unknown.length) return response.writeHead(400).end(`Y000400: ${unknown}`);
  }
  request.originalUrl = request.url;
  request.url = request.url.slice(prefix.length) || "/";
  return provider.callback()(request, response);
}).listen(port, "127.0.0.1", () => console.log("ready"));
