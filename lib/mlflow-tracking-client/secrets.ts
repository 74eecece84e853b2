/** `http://user:password@host/x` -> `http://host/x`; anything that is no URL with user data is returned unchanged. */
export function withoutUserInfo(uri: string): string {
  return uri.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@\s]*@/i, '$1');
}

/**
 * A function that blanks the given secrets (and their base64 and percent-encoded forms) and any user
 * data inside URLs out of a text. Every message that leaves this module goes through one.
 */
export function redactor(secrets: readonly (string | undefined)[]): (text: string) => string {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret === undefined || secret.length < 3) continue;
    forms.add(secret);
    forms.add(encodeURIComponent(secret));
    forms.add(Buffer.from(secret, 'utf8').toString('base64'));
  }
  const ordered = [...forms].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^/@\s"']*@/gi, '$1');
    for (const form of ordered) clean = clean.split(form).join('***');
    return clean;
  };
}
