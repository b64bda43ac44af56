<?xml version="1.0" encoding="utf-8"?>
<!-- How a browser shows nginx-rtmp's /stat: one table of streams for each application. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="html" encoding="utf-8"/>

  <xsl:template match="/rtmp">
    <html lang="en">
      <head>
        <title>nginx-rtmp</title>
        <meta name="viewport" content="width=device-width"/>
        <meta http-equiv="refresh" content="5"/>
        <style>
          :root { color-scheme: light dark }
          body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
          table { border-collapse: collapse; width: 100% }
          th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884 }
          td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
          p, caption { color: #888; text-align: left }
        </style>
      </head>
      <body>
        <h1>nginx-rtmp</h1>
        <p>
          worker <xsl:value-of select="pid"/>, up <xsl:value-of select="uptime"/> s,
          in <xsl:value-of select="round(bw_in div 1000)"/> kbit/s,
          out <xsl:value-of select="round(bw_out div 1000)"/> kbit/s
        </p>
        <xsl:apply-templates select="server/application"/>
      </body>
    </html>
  </xsl:template>

  <xsl:template match="application">
    <h2><xsl:value-of select="name"/></h2>
    <xsl:choose>
      <xsl:when test="live/stream">
        <table>
          <tr>
            <th>Stream</th><th>Publisher</th><th>Video</th><th>Audio</th>
            <th class="number">Up (s)</th><th class="number">In (kbit/s)</th><th class="number">Clients</th>
          </tr>
          <xsl:apply-templates select="live/stream"/>
        </table>
      </xsl:when>
      <xsl:otherwise><p>No streams.</p></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template match="stream">
    <tr>
      <td><xsl:value-of select="name"/></td>
      <td>
        <xsl:value-of select="client[publishing]/address"/>
        <xsl:if test="not(publishing)">gone</xsl:if>
      </td>
      <td>
        <xsl:if test="meta/video/width">
          <xsl:value-of select="concat(meta/video/codec, ' ', meta/video/width, '×', meta/video/height, ' ', meta/video/frame_rate)"/>
        </xsl:if>
      </td>
      <td>
        <xsl:if test="meta/audio/codec">
          <xsl:value-of select="concat(meta/audio/codec, ' ', meta/audio/sample_rate, ' Hz')"/>
        </xsl:if>
      </td>
      <td class="number"><xsl:value-of select="round(time div 1000)"/></td>
      <td class="number"><xsl:value-of select="round(bw_in div 1000)"/></td>
      <td class="number"><xsl:value-of select="nclients"/></td>
    </tr>
  </xsl:template>
</xsl:stylesheet>
