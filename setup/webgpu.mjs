// A WebGPU for the tests of a machine without a GPU: SwiftShader, a Vulkan on the CPU, as Debian's chromium-common has it. Where
// apt or the right to use it is missing it says so and ends well; the tests then skip the device, by its name.
import { existsSync } from 'node:fs';
import { command } from './command.mjs';
import { SetupError } from './step.mjs';

const PACKAGES = ['chromium-common', 'libvulkan1'];

async function ensureSwiftShader() {
  if (existsSync('/usr/lib/chromium/vk_swiftshader_icd.json')) return 'SwiftShader is here already';
  const apt = (...args) => command('apt-get', [...args], { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  try {
    await apt('install', '--yes', '--no-install-recommends', ...PACKAGES).catch(async () => {
      await apt('update');
      await apt('install', '--yes', '--no-install-recommends', ...PACKAGES);
    });
    return 'SwiftShader is installed';
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return `device webgpu is not tested: apt-get cannot install ${PACKAGES.join(' and ')}\n${error.message}`;
  }
}

console.log(await ensureSwiftShader());
