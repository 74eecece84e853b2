/**
 * The sentence for a locked package that this Python cannot have, from what uv or pip printed: which package, and which
 * version of Python wants or lacks it. Undefined when the failure has another cause.
 *
 * @param python `version` and `path` of the Python that was tried.
 */
export function incompatibility(printed, { version, path }) {
  const text = printed.replace(/\s+/g, ' ');
  const here = `this is Python ${version} (${path})`;
  // uv: "... does not satisfy Python>=3.11.5 and soupsieve==4.1.1 depends on Python>=3.11.5 ..."
  const uv = /([\w.-]+)==([\w.+!-]+) depends on Python\s?([<>=!~][^ ,]*(?:,\s?[<>=!~][^ ,]*)*)/.exec(text);
  if (uv !== null) return `${uv[1]} ${uv[2]} needs Python ${uv[3]}, and ${here}`;
  // pip: "Ignored the following versions that require a different python version: 4.1.1 Requires-Python >=3.11.5; ...
  // Could not find a version that satisfies the requirement soupsieve==4.1.1"
  const wanted = /satisfies the requirement ([\w.-]+)==([\w.+!-]+)/.exec(text);
  if (wanted !== null) {
    const [, name, release] = wanted;
    const ignored = /different python version: (.*?) ERROR/.exec(text)?.[1] ?? '';
    const rule = ignored.split('; ').find((entry) => entry.startsWith(`${release} Requires-Python `));
    return rule === undefined
      ? `${name} ${release} cannot be found for Python ${version} (${path})`
      : `${name} ${release} needs Python ${rule.slice(`${release} Requires-Python `.length)}, and ${here}`;
  }
  // uv: "Because there is no version of soupsieve==9.9 ..." and "Because numpy==2.5.5 has no wheels with a matching ..."
  const missing =
    /(?:no version of ([\w.-]+)==([\w.+!-]+)|([\w.-]+)==([\w.+!-]+) has no (?:usable )?wheels)/.exec(text);
  if (missing !== null)
    return `${missing[1] ?? missing[3]} ${missing[2] ?? missing[4]} cannot be found for Python ${version} (${path})`;
  return undefined;
}
