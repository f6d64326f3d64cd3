import Foundation

/// Shell commands that start a real nginx with a configuration that a document shows, and with the files of
/// `deploy/nginx/cardea` that it includes.
///
/// nginx listens on the Unix socket `web.sock`, so that no port can be taken, and `curl` goes there.
enum NginxScript {
  /// - Parameters:
  ///   - configuration: one that listens on port 80 and asks 127.0.0.1:8420.
  ///   - http: more for the `http` block; `@FOLDER@` is the script's folder.
  static func start(_ configuration: String, http: String = "") -> String {
    let block =
      configuration
      .replacingOccurrences(of: "listen 80;", with: "listen unix:@FOLDER@/web.sock;")
      .replacingOccurrences(of: "127.0.0.1:8420", with: "@ADDRESS@")
      .replacingOccurrences(of: "/etc/nginx/cardea/", with: "@FOLDER@/cardea/")
    return """
      PATH=$PATH:/usr/sbin
      cp -r \(ReadmeShell.quoted(Repository.root.appending(path: "deploy/nginx/cardea").path)) cardea
      cat >nginx.conf.in <<'CONFIGURATION'
      pid @FOLDER@/nginx.pid;
      error_log @FOLDER@/error.log;
      events {}
      http {
      access_log off;
      client_body_temp_path @FOLDER@/body;
      proxy_temp_path @FOLDER@/proxy;
      fastcgi_temp_path @FOLDER@/fastcgi;
      uwsgi_temp_path @FOLDER@/uwsgi;
      scgi_temp_path @FOLDER@/scgi;
      \(block)
      \(http)
      }
      CONFIGURATION
      sed -e "s|@FOLDER@|$PWD|g" -e "s|@ADDRESS@|$address|g" nginx.conf.in >nginx.conf
      sed -i.before -e "s|/etc/nginx/cardea/|$PWD/cardea/|" cardea/*.conf
      chmod 755 "$PWD"
      nginx -p "$PWD" -e "$PWD/error.log" -c "$PWD/nginx.conf"
      stop_nginx() { nginx -p "$PWD" -c "$PWD/nginx.conf" -s stop 2>/dev/null || true; }
      trap 'stop_nginx; finish' EXIT
      curl() { command curl -sS --unix-socket web.sock "$@"; }

      """
  }
}
