//! The identities and the rule of a run for other programs: PEM files, proxies, a mesh, an authority in a cluster.
use super::caller;
use super::cast::{Cast, GATEWAY, PAYMENTS, SERVICE, Side};
use crate::demos::{Export, Knobs};
use crate::lab::Lab;
use crate::recording::Recording;
use crate::services::tls::{Ground, Identity, pem};

pub(super) const ALL: &[Export] = &[
    Export {
        name: "ca",
        about: "the authority of callers and service, as PEM (ca.pem)",
        extension: "pem",
        write: |knobs, run| pem("CERTIFICATE", &side(knobs, run).root),
    },
    Export {
        name: "caller",
        about: "the caller's certificate and key (caller.pem); made from the seed, so for tests only",
        extension: "pem",
        write: |knobs, run| {
            side(knobs, run).caller.as_ref().map_or_else(|| "# this caller has no certificate\n".to_owned(), both)
        },
    },
    Export {
        name: "service",
        about: "the service's certificate and key (service.pem); for tests only",
        extension: "pem",
        write: |knobs, run| both(&side(knobs, run).service),
    },
    Export {
        name: "nginx",
        about: "nginx.conf: only payments may call /charge",
        extension: "conf",
        write: |k, _| nginx(k),
    },
    Export { name: "haproxy", about: "haproxy.cfg with the same rule", extension: "cfg", write: |k, _| haproxy(k) },
    Export {
        name: "envoy",
        about: "a listener of Envoy with the same rule",
        extension: "yaml",
        write: |k, _| envoy(k),
    },
    Export {
        name: "istio",
        about: "PeerAuthentication and AuthorizationPolicy",
        extension: "yaml",
        write: |_, _| ISTIO.to_owned(),
    },
    Export {
        name: "cert-manager",
        about: "a CA issuer and the caller's Certificate",
        extension: "yaml",
        write: |_, _| cert_manager(),
    },
];

/// The identities are made again from the run's seed: they are the same.
fn side(knobs: &Knobs, run: &Recording) -> Side {
    let mut lab = Lab::new(run.run.seed, &[]);
    let host = lab.host("caller").address("10.0.0.1/24").add();
    let cast = Cast::new(&Ground::lab(&lab.net(host), run.run.seed), caller(knobs)).expect("its names are names");
    let [old, _] = cast.authorities;
    old
}

fn both(identity: &Identity) -> String {
    identity.pem() + &identity.key_pem()
}

/// What a proxy is told about versions.
fn version(knobs: &Knobs) -> &'static str {
    if knobs.choice("tls") == "1.2" { "TLSv1.2" } else { "TLSv1.3" }
}

fn nginx(knobs: &Knobs) -> String {
    let version = version(knobs);
    format!(
        "# nginx -t -c $PWD/nginx.conf; beside it ca.pem and service.pem of this run.\n\
         # nginx has no variable for the URI of a certificate: the rule reads the subject, which is the same here.\n\
         events {{}}\n\
         http {{\n\
         \x20   map $ssl_client_s_dn $may_charge {{\n\
         \x20       default 0;\n\
         \x20       \"CN={PAYMENTS}\" 1;\n\
         \x20   }}\n\
         \x20   server {{\n\
         \x20       listen 127.0.0.1:8443 ssl;\n\
         \x20       server_name {SERVICE};\n\
         \x20       ssl_certificate service.pem;\n\
         \x20       ssl_certificate_key service.pem;\n\
         \x20       ssl_protocols {version};\n\
         \x20       ssl_client_certificate ca.pem;\n\
         \x20       ssl_verify_client on;\n\
         \x20       ssl_verify_depth 1;\n\
         \x20       location = /charge {{\n\
         \x20           if ($may_charge = 0) {{ return 403; }}\n\
         \x20           # For a service behind: replaces whatever the caller wrote.\n\
         \x20           proxy_set_header X-Forwarded-Client-Cert \"By={GATEWAY};Subject=$ssl_client_s_dn\";\n\
         \x20           proxy_pass http://127.0.0.1:8080;\n\
         \x20       }}\n\
         \x20   }}\n\
         }}\n"
    )
}

fn haproxy(knobs: &Knobs) -> String {
    let version = version(knobs);
    format!(
        "# haproxy -c -f haproxy.cfg; beside it ca.pem and service.pem of this run.\n\
         # The rule reads the subject's common name, which is the URI here.\n\
         defaults\n\
         \x20   mode http\n\
         \x20   timeout connect 1s\n\
         \x20   timeout client 30s\n\
         \x20   timeout server 30s\n\
         frontend charge\n\
         \x20   bind 127.0.0.1:8443 ssl crt service.pem ca-file ca.pem verify required ssl-min-ver {version} ssl-max-ver {version}\n\
         \x20   acl payments ssl_c_s_dn(CN) -m str {PAYMENTS}\n\
         \x20   http-request deny deny_status 403 if {{ path /charge }} !payments\n\
         \x20   # Replaces whatever the caller wrote.\n\
         \x20   http-request set-header X-Forwarded-Client-Cert By={GATEWAY};URI=%[ssl_c_s_dn(CN)]\n\
         \x20   default_backend service\n\
         backend service\n\
         \x20   server one 127.0.0.1:8080\n"
    )
}

fn envoy(knobs: &Knobs) -> String {
    let version = if knobs.choice("tls") == "1.2" { "TLSv1_2" } else { "TLSv1_3" };
    let forwarding = if knobs.choice("gateway") == "appends" { "APPEND_FORWARD" } else { "SANITIZE_SET" };
    format!(
        "# A listener of Envoy; ca.pem and service.pem of this run.\n\
         static_resources:\n\
         \x20 listeners:\n\
         \x20 - address: {{ socket_address: {{ address: 127.0.0.1, port_value: 8443 }} }}\n\
         \x20   filter_chains:\n\
         \x20   - transport_socket:\n\
         \x20       name: envoy.transport_sockets.tls\n\
         \x20       typed_config:\n\
         \x20         \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext\n\
         \x20         require_client_certificate: true\n\
         \x20         common_tls_context:\n\
         \x20           tls_params: {{ tls_minimum_protocol_version: {version}, tls_maximum_protocol_version: {version} }}\n\
         \x20           tls_certificates:\n\
         \x20           - certificate_chain: {{ filename: service.pem }}\n\
         \x20             private_key: {{ filename: service.pem }}\n\
         \x20           validation_context:\n\
         \x20             trusted_ca: {{ filename: ca.pem }}\n\
         \x20     filters:\n\
         \x20     - name: envoy.filters.network.http_connection_manager\n\
         \x20       typed_config:\n\
         \x20         \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager\n\
         \x20         stat_prefix: charge\n\
         \x20         forward_client_cert_details: {forwarding}\n\
         \x20         set_current_client_cert_details: {{ uri: true }}\n\
         \x20         http_filters:\n\
         \x20         - name: envoy.filters.http.rbac\n\
         \x20           typed_config:\n\
         \x20             \"@type\": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC\n\
         \x20             rules:\n\
         \x20               action: ALLOW\n\
         \x20               policies:\n\
         \x20                 charge:\n\
         \x20                   permissions: [{{ url_path: {{ path: {{ exact: /charge }} }} }}]\n\
         \x20                   principals: [{{ authenticated: {{ principal_name: {{ exact: \"{PAYMENTS}\" }} }} }}]\n\
         \x20         - name: envoy.filters.http.router\n\
         \x20           typed_config: {{ \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}\n\
         \x20         route_config:\n\
         \x20           virtual_hosts:\n\
         \x20           - name: charge\n\
         \x20             domains: [\"*\"]\n\
         \x20             routes: [{{ match: {{ prefix: / }}, route: {{ cluster: service }} }}]\n\
         \x20 clusters:\n\
         \x20 - name: service\n\
         \x20   connect_timeout: 1s\n\
         \x20   load_assignment:\n\
         \x20     cluster_name: service\n\
         \x20     endpoints: [{{ lb_endpoints: [{{ endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: 8080 }} }} }} }}] }}]\n"
    )
}

/// Istio gives identities of the form `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`.
const ISTIO: &str = "\
# Only the service account payments may call /charge. Istio's identities are spiffe://<trust domain>/ns/<namespace>/sa/<account>.
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: charge
  namespace: lab
spec:
  selector:
    matchLabels:
      app: charge
  mtls:
    mode: STRICT
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: charge
  namespace: lab
spec:
  selector:
    matchLabels:
      app: charge
  action: ALLOW
  rules:
  - from:
    - source:
        principals: [\"cluster.local/ns/lab/sa/payments\"]
    to:
    - operation:
        paths: [\"/charge\"]
";

fn cert_manager() -> String {
    format!(
        "# A private authority in a cluster: public ones issue no certificates with clientAuth. The Secret lab-ca has its key.\n\
         apiVersion: cert-manager.io/v1\n\
         kind: Issuer\n\
         metadata:\n\
         \x20 name: lab-ca\n\
         spec:\n\
         \x20 ca:\n\
         \x20   secretName: lab-ca\n\
         ---\n\
         apiVersion: cert-manager.io/v1\n\
         kind: Certificate\n\
         metadata:\n\
         \x20 name: payments\n\
         spec:\n\
         \x20 secretName: payments-tls\n\
         \x20 duration: 168h\n\
         \x20 renewBefore: 56h\n\
         \x20 uris:\n\
         \x20 - {PAYMENTS}\n\
         \x20 usages:\n\
         \x20 - digital signature\n\
         \x20 - client auth\n\
         \x20 privateKey:\n\
         \x20   algorithm: ECDSA\n\
         \x20   size: 256\n\
         \x20   rotationPolicy: Always\n\
         \x20 issuerRef:\n\
         \x20   name: lab-ca\n"
    )
}
