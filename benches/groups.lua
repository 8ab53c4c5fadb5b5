-- The mix of an initial cycle for wrk: fifty users looked up and created, a group looked up and created, fifty managers,
-- a hundred members one by one; then the next fifty. Whom it creates is new each time. Environment: BENCH_TOKEN.

local headers = {
    ["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN"),
    ["ADSCIMVersion"] = "1.0",
    ["Accept"] = "*/*",
}
local with_body = { ["Content-Type"] = "application/scim+json; charset=utf-8" }
for name, value in pairs(headers) do with_body[name] = value end

local CORE = "urn:ietf:params:scim:schemas:core:2.0:"
local ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
local PATCH = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Add","path":"%s","value":%s}]}'
local USERS, MEMBERS = 50, 100

local step, number, groups = 0, 0, 0
-- Ids of the last hundred users, in a ring, and of the last group.
local ids, known, group = {}, 0, nil
local wanted = "/scim/v2"

local function look_up(endpoint, attribute, value)
    local extra = endpoint == "/Groups" and "excludedAttributes=members&" or ""
    return wrk.format("GET", wanted .. endpoint .. "?" .. extra .. "filter=" .. attribute .. "+eq+%22" .. value .. "%22", headers)
end

local function user()
    return string.format(
        '{"schemas":["%sUser","%s"],"active":true,"displayName":"Ann Huber %d","title":"Engineer","emails":[{"primary":true,'
        .. '"type":"work","value":"ann.huber.%d@contoso.com"}],"preferredLanguage":"de-CH","name":{"givenName":"Ann",'
        .. '"familyName":"Huber","formatted":"Ann Huber"},"addresses":[{"type":"work","formatted":"Floor 3","streetAddress":'
        .. '"Main Street 7","locality":"Bern","region":"BE","postalCode":"8000","country":"Switzerland"}],"phoneNumbers":[{'
        .. '"type":"work","value":"+41 44 1234567"},{"type":"mobile","value":"+41 1234567"},{"type":"fax","value":'
        .. '"+41 43 1234567"}],"userName":"ann.huber.%d@contoso.com","externalId":"ann.huber.%d","%s":{"employeeNumber":'
        .. '"E%07d","department":"Design"}}',
        CORE, ENTERPRISE, number, number, number, number, ENTERPRISE, number)
end

function request()
    local at = step % (2 * USERS + 2 + USERS + MEMBERS)
    step = step + 1
    if at < 2 * USERS then
        if at % 2 == 0 then
            number = number + 1
            return look_up("/Users", "userName", "ann.huber." .. number .. "%40contoso.com")
        end
        return wrk.format("POST", wanted .. "/Users", with_body, user())
    elseif at == 2 * USERS then
        groups = groups + 1
        return look_up("/Groups", "displayName", "Team+" .. groups)
    elseif at == 2 * USERS + 1 then
        local body = string.format('{"schemas":["%sGroup"],"displayName":"Team %d","externalId":"team-%d"}', CORE, groups, groups)
        return wrk.format("POST", wanted .. "/Groups", with_body, body)
    elseif group == nil or known == 0 then
        -- Only in the beginning, before the first answers.
        return look_up("/Users", "userName", "nobody")
    elseif at < 3 * USERS + 2 then
        local one, other = ids[at % known + 1], ids[(at + 1) % known + 1]
        local body = string.format(PATCH, ENTERPRISE .. ":manager", '"' .. other .. '"')
        return wrk.format("PATCH", wanted .. "/Users/" .. one, with_body, body)
    end
    local body = string.format(PATCH, "members", '[{"value":"' .. ids[at % known + 1] .. '"}]')
    return wrk.format("PATCH", wanted .. "/Groups/" .. group, with_body, body)
end

local created = 0
function response(status, _, body)
    if status ~= 201 then return end
    local id = body:match('"id":"([^"]+)"')
    if body:find('"userName"', 1, true) then
        ids[created % MEMBERS + 1] = id
        created = created + 1
        known = math.min(created, MEMBERS)
    else
        group = id
    end
end

function done(summary)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    io.stderr:write(string.format("%.0f %d %d\n", summary.requests / (summary.duration / 1e6), summary.requests, failed))
end
