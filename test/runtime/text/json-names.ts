// What JSON.parse can be the measure of: that of Node 26.10 takes a name that is one escaped character for another such name, which it has
// read before (Object.keys(JSON.parse('{"a":1,"\\"":1}')) after '{"a":1,"\\\\":1}'); 26.12 does not.

const escapedName = /"[^"\\]*\\.(?:[^"\\]|\\.)*"\s*:/;

/** Whether no name in the JSON is written with an escape. */
export const hasPlainNames = (json: string): boolean => !escapedName.test(json);
