// Lists which npm packages an image contains, as CycloneDX: those within its bundles, and those left in node_modules. A scanner of the image
// finds only the latter. Packages of the base image are not in it: BuildKit lists them when an image is pushed.
import { execFileSync } from 'node:child_process';

/**
 * Keeps what is in the image of what `npm sbom` says about the lock file, with licenses and hashes.
 *
 * @param service its name and version, such as @millrace/task-api@0.1.0
 * @param packages the same of each package
 */
export function sbom(service, packages) {
  const npm = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
  const all = JSON.parse(execFileSync('npm', npm, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }));
  const locked = new Map(all.components.map((component) => [component['bom-ref'], component]));
  const find = (name) => {
    if (!locked.has(name)) throw new Error(`${name} is in the image, but not in package-lock.json.`);
    // To npm, the packages of the web UI are development dependencies: they are needed to build it.
    return { ...locked.get(name), scope: 'required', properties: [] };
  };
  const names = new Set(packages);
  const dependencies = all.dependencies
    .filter(({ ref }) => names.has(ref) || ref === service)
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((needed) => names.has(needed)) }));
  return {
    ...all,
    metadata: { ...all.metadata, component: find(service) },
    components: [...names].sort().map(find),
    dependencies,
  };
}
