// Made by `make forms` with Ajv 8.20.0 (MIT).
// provision-request.v1.json: sha256 6e163d78cd0231c5c42ec0e9049937e443b0ba576831328b1c645b689b996535

export const validate = validate10;
export default validate10;
const schema11 = {"$schema":"http://json-schema.org/draft-07/schema#","$id":"urn:express-sync:schema:provision-request:v1","title":"Provisioning request","description":"Asks for one express synchronization group of Cloud Storage Gateway.","type":"object","required":["requestId","name","bucketName","bucketRegion"],"additionalProperties":false,"properties":{"requestId":{"title":"Request ID","description":"Chosen by the requester, 1 to 128 characters, not blank and without control characters. It is the identity of the request for ever: a resubmission keeps it.","examples":["REQ-2026-000731","INC0012345","8f14e45f-ceea-467f-a9b1-2d1c3b4a5e6f"],"type":"string","minLength":1,"maxLength":128,"pattern":"^[ \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*[^ \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\\x00-\\x1f\\x7f][^\\x00-\\x1f\\x7f]*$","errorMessage":{"pattern":"must have a visible character, and no control characters such as line breaks"}},"name":{"title":"Group name","description":"1 to 128 characters: English letters, digits, periods, underscores and hyphens, starting with a letter. Chinese characters are for the description. Unique in the account.","examples":["design-team_assets.v2","Video.Archive","finance-reports-2026"],"type":"string","minLength":1,"maxLength":128,"pattern":"^[A-Za-z][A-Za-z0-9._\\-]*$","errorMessage":{"pattern":"must be English letters, digits, periods, underscores or hyphens, and start with a letter"}},"bucketName":{"title":"OSS bucket","description":"The OSS bucket whose changes are synchronized, 3 to 63 characters: lower-case letters, digits and hyphens, starting and ending with a letter or digit. A share must already connect a file gateway to it.","examples":["design-assets","video-archive-01","finance-reports"],"type":"string","minLength":3,"maxLength":63,"pattern":"^[a-z0-9]([a-z0-9\\-]*[a-z0-9])?$","errorMessage":{"pattern":"must be lower-case letters, digits or hyphens, with a letter or digit at both ends"}},"bucketRegion":{"title":"Bucket region","description":"The region ID of the bucket, such as cn-hangzhou; not the oss-cn-hangzhou form of OSS endpoints.","examples":["cn-hangzhou","cn-shanghai","cn-beijing","cn-shenzhen","cn-hongkong","ap-southeast-1","eu-central-1","us-west-1"],"type":"string","minLength":1,"maxLength":64,"pattern":"^[a-z]{2}-[a-z]+(-[a-z0-9]+)*$","errorMessage":{"pattern":"must be a region ID such as cn-hangzhou, without oss- in front of it"}},"bucketPrefix":{"title":"Bucket prefix","description":"Synchronizes this subdirectory of the bucket only. At most 1023 bytes of UTF-8, without control characters, not starting with a slash or a backslash. Empty means the whole bucket, as does leaving it out.","examples":["teams/design","archive/2026/","\u9879\u76ee/\u8bbe\u8ba1"],"type":"string","maxLength":1023,"x-maxBytes":1023,"pattern":"^([^\\/\\\\\\x00-\\x1f\\x7f][^\\x00-\\x1f\\x7f]*)?$","errorMessage":{"pattern":"must not start with a slash or a backslash, and not contain control characters","x-maxBytes":"must have at most 1023 bytes in UTF-8, where a Chinese character takes three"}},"description":{"title":"Description","description":"What the group is for, at most 255 characters. Line breaks and tabs are allowed, other control characters are not.","examples":["Shared assets of the design team","Invoices, read-only for the auditors","\u8bbe\u8ba1\u56e2\u961f\u7684\u5171\u4eab\u7d20\u6750"],"type":"string","maxLength":255,"pattern":"^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]*$","errorMessage":{"pattern":"must not contain control characters other than line breaks and tabs"}},"requester":{"title":"Requester","description":"Who asks, as the requesting system names people, 1 to 128 characters without control characters.","examples":["lin.wei","user:default/lin.wei","lin.wei@example.com"],"type":"string","minLength":1,"maxLength":128,"pattern":"^[^\\x00-\\x1f\\x7f]*$","errorMessage":{"pattern":"must not contain control characters such as line breaks"}}},"examples":[{"requestId":"REQ-2026-000731","name":"design-team_assets.v2","bucketName":"design-assets","bucketRegion":"cn-hangzhou","bucketPrefix":"teams/design","description":"Shared assets of the design team","requester":"lin.wei"}]};
const func2 = function ucs2length(str) {
    const len = str.length;
    let length = 0;
    let pos = 0;
    let value;
    while (pos < len) {
        length++;
        value = str.charCodeAt(pos++);
        if (value >= 0xd800 && value <= 0xdbff && pos < len) {
            // high surrogate, and there is a next character
            value = str.charCodeAt(pos);
            if ((value & 0xfc00) === 0xdc00)
                pos++; // low surrogate
        }
    }
    return length;
};
const pattern0 = new RegExp("^[ \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*[^ \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\\x00-\\x1f\\x7f][^\\x00-\\x1f\\x7f]*$", "u");
const pattern1 = new RegExp("^[A-Za-z][A-Za-z0-9._\\-]*$", "u");
const pattern2 = new RegExp("^[a-z0-9]([a-z0-9\\-]*[a-z0-9])?$", "u");
const pattern3 = new RegExp("^[a-z]{2}-[a-z]+(-[a-z0-9]+)*$", "u");
const pattern4 = new RegExp("^([^\\/\\\\\\x00-\\x1f\\x7f][^\\x00-\\x1f\\x7f]*)?$", "u");
const pattern5 = new RegExp("^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]*$", "u");
const pattern6 = new RegExp("^[^\\x00-\\x1f\\x7f]*$", "u");

function validate10(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
/*# sourceURL="urn:express-sync:schema:provision-request:v1" */;
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if(data.requestId === undefined){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "requestId"},message:"must have required property '"+"requestId"+"'"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(data.name === undefined){
const err1 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "name"},message:"must have required property '"+"name"+"'"};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data.bucketName === undefined){
const err2 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "bucketName"},message:"must have required property '"+"bucketName"+"'"};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
if(data.bucketRegion === undefined){
const err3 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "bucketRegion"},message:"must have required property '"+"bucketRegion"+"'"};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
for(const key0 in data){
if(!(((((((key0 === "requestId") || (key0 === "name")) || (key0 === "bucketName")) || (key0 === "bucketRegion")) || (key0 === "bucketPrefix")) || (key0 === "description")) || (key0 === "requester"))){
const err4 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
if(data.requestId !== undefined){
let data0 = data.requestId;
if(typeof data0 === "string"){
if(func2(data0) > 128){
const err5 = {instancePath:instancePath+"/requestId",schemaPath:"#/properties/requestId/maxLength",keyword:"maxLength",params:{limit: 128},message:"must NOT have more than 128 characters"};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
if(func2(data0) < 1){
const err6 = {instancePath:instancePath+"/requestId",schemaPath:"#/properties/requestId/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
if(!pattern0.test(data0)){
const err7 = {instancePath:instancePath+"/requestId",schemaPath:"#/properties/requestId/pattern",keyword:"pattern",params:{pattern: "^[ \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*[^ \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\\x00-\\x1f\\x7f][^\\x00-\\x1f\\x7f]*$"},message:"must have a visible character, and no control characters such as line breaks"};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
else {
const err8 = {instancePath:instancePath+"/requestId",schemaPath:"#/properties/requestId/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
if(data.name !== undefined){
let data1 = data.name;
if(typeof data1 === "string"){
if(func2(data1) > 128){
const err9 = {instancePath:instancePath+"/name",schemaPath:"#/properties/name/maxLength",keyword:"maxLength",params:{limit: 128},message:"must NOT have more than 128 characters"};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
if(func2(data1) < 1){
const err10 = {instancePath:instancePath+"/name",schemaPath:"#/properties/name/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
if(!pattern1.test(data1)){
const err11 = {instancePath:instancePath+"/name",schemaPath:"#/properties/name/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z][A-Za-z0-9._\\-]*$"},message:"must be English letters, digits, periods, underscores or hyphens, and start with a letter"};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
else {
const err12 = {instancePath:instancePath+"/name",schemaPath:"#/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
if(data.bucketName !== undefined){
let data2 = data.bucketName;
if(typeof data2 === "string"){
if(func2(data2) > 63){
const err13 = {instancePath:instancePath+"/bucketName",schemaPath:"#/properties/bucketName/maxLength",keyword:"maxLength",params:{limit: 63},message:"must NOT have more than 63 characters"};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
if(func2(data2) < 3){
const err14 = {instancePath:instancePath+"/bucketName",schemaPath:"#/properties/bucketName/minLength",keyword:"minLength",params:{limit: 3},message:"must NOT have fewer than 3 characters"};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
if(!pattern2.test(data2)){
const err15 = {instancePath:instancePath+"/bucketName",schemaPath:"#/properties/bucketName/pattern",keyword:"pattern",params:{pattern: "^[a-z0-9]([a-z0-9\\-]*[a-z0-9])?$"},message:"must be lower-case letters, digits or hyphens, with a letter or digit at both ends"};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
}
else {
const err16 = {instancePath:instancePath+"/bucketName",schemaPath:"#/properties/bucketName/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
}
if(data.bucketRegion !== undefined){
let data3 = data.bucketRegion;
if(typeof data3 === "string"){
if(func2(data3) > 64){
const err17 = {instancePath:instancePath+"/bucketRegion",schemaPath:"#/properties/bucketRegion/maxLength",keyword:"maxLength",params:{limit: 64},message:"must NOT have more than 64 characters"};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
if(func2(data3) < 1){
const err18 = {instancePath:instancePath+"/bucketRegion",schemaPath:"#/properties/bucketRegion/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
if(!pattern3.test(data3)){
const err19 = {instancePath:instancePath+"/bucketRegion",schemaPath:"#/properties/bucketRegion/pattern",keyword:"pattern",params:{pattern: "^[a-z]{2}-[a-z]+(-[a-z0-9]+)*$"},message:"must be a region ID such as cn-hangzhou, without oss- in front of it"};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
}
else {
const err20 = {instancePath:instancePath+"/bucketRegion",schemaPath:"#/properties/bucketRegion/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
}
if(data.bucketPrefix !== undefined){
let data4 = data.bucketPrefix;
if(typeof data4 === "string"){
if(func2(data4) > 1023){
const err21 = {instancePath:instancePath+"/bucketPrefix",schemaPath:"#/properties/bucketPrefix/maxLength",keyword:"maxLength",params:{limit: 1023},message:"must NOT have more than 1023 characters"};
if(vErrors === null){
vErrors = [err21];
}
else {
vErrors.push(err21);
}
errors++;
}
if(!pattern4.test(data4)){
const err22 = {instancePath:instancePath+"/bucketPrefix",schemaPath:"#/properties/bucketPrefix/pattern",keyword:"pattern",params:{pattern: "^([^\\/\\\\\\x00-\\x1f\\x7f][^\\x00-\\x1f\\x7f]*)?$"},message:"must not start with a slash or a backslash, and not contain control characters"};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
if(new TextEncoder().encode(data4).length > 1023){
const err23 = {instancePath:instancePath+"/bucketPrefix",schemaPath:"#/properties/bucketPrefix/x-maxBytes",keyword:"x-maxBytes",params:{limit: 1023},message:"must have at most 1023 bytes in UTF-8, where a Chinese character takes three"};
if(vErrors === null){
vErrors = [err23];
}
else {
vErrors.push(err23);
}
errors++;
}
}
else {
const err24 = {instancePath:instancePath+"/bucketPrefix",schemaPath:"#/properties/bucketPrefix/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err24];
}
else {
vErrors.push(err24);
}
errors++;
}
}
if(data.description !== undefined){
let data5 = data.description;
if(typeof data5 === "string"){
if(func2(data5) > 255){
const err25 = {instancePath:instancePath+"/description",schemaPath:"#/properties/description/maxLength",keyword:"maxLength",params:{limit: 255},message:"must NOT have more than 255 characters"};
if(vErrors === null){
vErrors = [err25];
}
else {
vErrors.push(err25);
}
errors++;
}
if(!pattern5.test(data5)){
const err26 = {instancePath:instancePath+"/description",schemaPath:"#/properties/description/pattern",keyword:"pattern",params:{pattern: "^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]*$"},message:"must not contain control characters other than line breaks and tabs"};
if(vErrors === null){
vErrors = [err26];
}
else {
vErrors.push(err26);
}
errors++;
}
}
else {
const err27 = {instancePath:instancePath+"/description",schemaPath:"#/properties/description/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err27];
}
else {
vErrors.push(err27);
}
errors++;
}
}
if(data.requester !== undefined){
let data6 = data.requester;
if(typeof data6 === "string"){
if(func2(data6) > 128){
const err28 = {instancePath:instancePath+"/requester",schemaPath:"#/properties/requester/maxLength",keyword:"maxLength",params:{limit: 128},message:"must NOT have more than 128 characters"};
if(vErrors === null){
vErrors = [err28];
}
else {
vErrors.push(err28);
}
errors++;
}
if(func2(data6) < 1){
const err29 = {instancePath:instancePath+"/requester",schemaPath:"#/properties/requester/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err29];
}
else {
vErrors.push(err29);
}
errors++;
}
if(!pattern6.test(data6)){
const err30 = {instancePath:instancePath+"/requester",schemaPath:"#/properties/requester/pattern",keyword:"pattern",params:{pattern: "^[^\\x00-\\x1f\\x7f]*$"},message:"must not contain control characters such as line breaks"};
if(vErrors === null){
vErrors = [err30];
}
else {
vErrors.push(err30);
}
errors++;
}
}
else {
const err31 = {instancePath:instancePath+"/requester",schemaPath:"#/properties/requester/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err31];
}
else {
vErrors.push(err31);
}
errors++;
}
}
}
else {
const err32 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err32];
}
else {
vErrors.push(err32);
}
errors++;
}
validate10.errors = vErrors;
return errors === 0;
}
