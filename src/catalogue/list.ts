/** The shape of one list of the catalogue, as the catalogue file has it (docs: `dnsblwatch config schema catalogue`). */

export type TargetKind = 'ipv4' | 'ipv6' | 'domain';
export type Polarity = 'block' | 'allow' | 'reputation' | 'informational';
export type Impact = 'low' | 'medium' | 'high';
export type Severity = 'info' | 'low' | 'medium' | 'high';
/** How a list refuses: what kind of refusal an error code is; `true` where the operator does not say. */
export type ErrorClass = 'over-limit' | 'public-resolver' | 'not-registered' | 'bad-query' | true;

export type Delisting = {
  /** May hold {ip} or {domain}, filled in with the target. */
  url?: string;
  method?: 'self-service' | 'form' | 'email' | 'automatic-expiry' | 'provider-only' | 'paid-express' | 'none';
  /** ISO 8601 duration after the last incident, e.g. P7D. */
  autoExpiry?: string;
  /** ISO 8601 duration a removal usually takes once asked for. */
  usualTime?: string;
  /** Who may act: you, anyone, your provider (network owner), the AS operator, or nobody (it only expires). */
  by?: 'ip-owner' | 'anyone' | 'provider' | 'as-operator' | 'nobody';
  cost?: 'free' | 'paid' | 'free-or-paid';
  /** What must be true first: check codes (`ptr.fcrdns`) or sentences. */
  requires?: string[];
  /** What the operator looks at without demanding it. */
  advises?: string[];
  /** Labels of codes on the same operator's lists that must be gone first, e.g. an open SBL blocks CSS, XBL and PBL. */
  after?: string[];
  warning?: string;
  note?: string;
};

export type Code = {
  label: string;
  meaning?: string;
  severity?: Severity;
  polarity?: Polarity;
  error?: ErrorClass;
  delisting?: Delisting;
};

export type Control = { listed?: string; notListed?: string };

export type Limits = { perSecond?: number; perDay?: number };

export type ListDefinition = {
  id: string;
  name?: string;
  operator?: string;
  /** `{key}` where an account key is part of the name. */
  zone: string;
  accepts: TargetKind[];
  asks?: 'as-given' | 'registered' | 'both';
  polarity?: Polarity;
  /** Keys: exact `127.0.0.2`, CIDR `127.0.4.0/24`, range `127.0.0.2-127.0.0.9`, wildcard `127.0.*.1`, bit `mask:4` of the last octet. */
  codes?: Record<string, Code>;
  /** By target kind; a flat `{listed, notListed}` serves a list of one kind. */
  control?: Control | Partial<Record<TargetKind, Control>>;
  servers?: string[];
  limits?: Limits | 'none';
  impact?: Impact;
  status?: 'active' | { retired: { since?: string; why: string; answers?: string } };
  contains?: string[];
  formerly?: string[];
  tags?: string[];
  scope?: 'address' | '/64' | 'range' | 'asn';
  access?: { registration?: 'none' | 'free' | 'paid'; publicResolversRefused?: boolean; note?: string };
  delisting?: Delisting;
  confidence?: Impact;
  /** ISO date on which the facts were last looked at. */
  checked?: string;
  website?: string;
  sources?: string[];
};

/** A definition with every default filled in: what the rest of the program works with. */
export type List = {
  id: string;
  name: string;
  operator: string;
  zone: string;
  accepts: TargetKind[];
  asks: 'as-given' | 'registered' | 'both';
  polarity: Polarity;
  codes: Record<string, Code>;
  control: Partial<Record<TargetKind, Control>>;
  servers: string[];
  /** null: the operator publishes nothing, the default applies. */
  limits: Limits | 'none' | null;
  impact: Impact;
  retired: { since?: string; why: string; answers?: string } | null;
  contains: string[];
  formerly: string[];
  tags: string[];
  scope: 'address' | '/64' | 'range' | 'asn';
  access: { registration?: 'none' | 'free' | 'paid'; publicResolversRefused?: boolean; note?: string };
  delisting: Delisting;
  confidence: Impact;
  checked: string | null;
  website: string | null;
  sources: string[];
};
