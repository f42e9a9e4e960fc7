using System.Text.Json.Nodes;
using NJsonSchema;
using TlsGateway.Gateway.Configuration.Schema;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Configuration;

public sealed class ConfigurationSchemaTests
{
    [Fact]
    public void The_committed_schema_is_the_generated_one() =>
        Assert.Equal(ConfigurationSchema.Generate(), File.ReadAllText(Repository.Path("config", "gateway.schema.json")));

    [Fact]
    public void Sections_are_closed_and_every_value_is_described()
    {
        var schema = JsonNode.Parse(ConfigurationSchema.Generate())!.AsObject();
        var sections = schema["definitions"]!.AsObject().Select(definition => definition.Value!.AsObject()).Append(schema).ToList();

        Assert.Equal(38, sections.Count);
        foreach (var section in sections)
        {
            Assert.False(section["additionalProperties"]!.GetValue<bool>());
            Assert.All(section["properties"]!.AsObject(), property => Assert.NotEmpty(property.Value!["description"]!.GetValue<string>()));
        }
    }

    [Theory]
    [InlineData("""{"drain":{"timeout":"30s"}}""", true)]
    [InlineData("""{"drain":{"timeout":30}}""", false)]
    [InlineData("""{"drain":{"timeout":"30"}}""", false)]
    [InlineData("""{"drain":{"timeout":"${DRAIN}"}}""", true)]
    [InlineData("""{"eventLoops":"auto"}""", true)]
    [InlineData("""{"eventLoops":4}""", true)]
    [InlineData("""{"eventLoops":"four"}""", false)]
    [InlineData("""{"eventLoops":0}""", false)]
    [InlineData("""{"log":{"level":"loud"}}""", false)]
    [InlineData("""{"nonsense":1}""", false)]
    public async Task An_editor_accepts_what_the_checker_accepts(string json, bool isValid)
    {
        var schema = await JsonSchema.FromJsonAsync(ConfigurationSchema.Generate(), TestContext.Current.CancellationToken);
        var document = JsonNode.Parse(json)!.AsObject();
        document["listeners"] = new JsonArray();
        document["upstreams"] = new JsonObject();

        Assert.Equal(isValid, schema.Validate(document.ToJsonString()).Count == 0);
    }
}
