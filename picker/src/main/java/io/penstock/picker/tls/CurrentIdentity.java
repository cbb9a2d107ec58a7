package io.penstock.picker.tls;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Gives each handshake the identity of the moment. Thread-safe: one volatile field. An identity's
 * alias is its number, so that a handshake which began before a change ends with what it began.
 */
public final class CurrentIdentity extends X509ExtendedKeyManager {

  private record Numbered(String alias, Identity identity) {}

  private volatile Numbered current;
  private volatile Numbered previous;

  /** Begins with one. */
  public CurrentIdentity(Identity first) {
    current = new Numbered("1", first);
    previous = current;
  }

  /** From the next handshake on. */
  public void replace(Identity next) {
    var last = current;
    previous = last;
    current = new Numbered(Integer.toString(Integer.parseInt(last.alias) + 1), next);
  }

  @Override
  public String chooseEngineServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    return current.alias;
  }

  @Override
  public String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return current.alias;
  }

  @Override
  public String[] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    return new String[] {current.alias};
  }

  @Override
  public X509Certificate[] getCertificateChain(String alias) {
    return of(alias).chain().toArray(X509Certificate[]::new);
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    return of(alias).key();
  }

  private Identity of(String alias) {
    var last = previous;
    return alias.equals(last.alias) ? last.identity : current.identity;
  }

  @Override
  public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return null;
  }
}
